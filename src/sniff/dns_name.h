// A domain name of a DNS message, as labels and as a host.
//
// Kept as the message would write it: labels with their lengths, the root's empty one at the end,
// in lower case (RFC 4343), so that equal names are equal strings, whatever their labels hold.
// Pure; any thread. RFC 1035, sections 3.1 and 4.1.4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace weir {

// The name that begins where `in` stands in a whole message; `in` then stands behind it. A
// compression pointer leads to before the labels that it ends and never into the header; what does
// otherwise, more than 32 of them, and a name of more than 255 bytes make `in` fail. The answer is
// empty then.
[[nodiscard]] std::string read_dns_name(NetworkReader& in);

// Nothing: the root, or what host_of (sniff/host_text.h) does not take.
[[nodiscard]] std::optional<std::string> host_of_dns_name(std::string_view name);

}  // namespace weir
