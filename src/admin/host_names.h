// By which names admin.http may be asked. A web page whose own name leads to the router (DNS
// rebinding) could read the answers with the browser of the user who has it open; its requests
// carry that name as their Host. So a Host is an address, localhost, or a name that the operator
// gave (admin.http-host).
//
// Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir {

// `host` as a request has it: a name or an address, in brackets if it is IPv6, perhaps with a port.
// `names` are in lower case.
[[nodiscard]] bool may_be_asked_by(std::string_view host, std::span<const std::string> names);

}  // namespace weir
