// `lan:IF`: whatever networks an interface has at the moment. They come and go with the provider's
// prefix, so that the word stays in the configuration and its prefixes are looked up anew.
// Values; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/links.h"
#include "base/prefix.h"
#include "base/surroundings.h"
#include "weir/result.h"

namespace weir {

// Whether the text is meant as one.
[[nodiscard]] bool is_lan_interface(std::string_view text);

// The name behind `lan:`.
[[nodiscard]] Result<std::string> parse_lan_interface(std::string_view text);

// A network that is directly behind an interface.
struct LinkNetwork {
  std::string interface;
  Prefix network;
  friend bool operator==(const LinkNetwork&, const LinkNetwork&) = default;
};

// Sorted, each once. Not fe80::/10: every interface has that one, so that it tells none from
// another.
[[nodiscard]] std::vector<LinkNetwork> networks_on(std::span<const Link> links,
                                                   std::span<const Surroundings::Entry> entries);

// Those of one interface.
[[nodiscard]] std::vector<Prefix> lan_prefixes(std::span<const LinkNetwork> networks,
                                               std::string_view interface);

}  // namespace weir
