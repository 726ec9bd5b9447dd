#include "base/lan_interface.h"

#include <algorithm>
#include <tuple>

#include "base/names.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr std::string_view word = "lan:";

bool is_link_local(const Prefix& prefix) {
  const in6_addr address = prefix.address.to_v6();
  return !prefix.address.is_v4() && IN6_IS_ADDR_LINKLOCAL(&address);
}

}  // namespace

bool is_lan_interface(std::string_view text) { return text.starts_with(word); }

Result<std::string> parse_lan_interface(std::string_view text) {
  const std::string_view name = text.substr(std::min(word.size(), text.size()));
  if (!is_lan_interface(text) || name.empty()) {
    return Error(quoted(text) + " names no interface (lan:IF, like lan:br-lan)");
  }
  if (name.ends_with('*')) {
    return Error(quoted(text) + " is a pattern: 'lan:' takes one interface, repeat it for others");
  }
  if (const std::string why = why_no_interface(name); !why.empty()) {
    return Error("'lan:' " + why);
  }
  return std::string(name);
}

std::vector<LinkNetwork> networks_on(std::span<const Link> links,
                                     std::span<const Surroundings::Entry> entries) {
  std::vector<LinkNetwork> out;
  for (const Surroundings::Entry& entry : entries) {
    const auto link = std::find_if(links.begin(), links.end(),
                                   [&](const Link& one) { return one.index == entry.interface; });
    if (link != links.end() && !is_link_local(entry.network)) {
      out.push_back({.interface = link->name, .network = entry.network});
    }
  }
  std::sort(out.begin(), out.end(), [](const LinkNetwork& a, const LinkNetwork& b) {
    return std::tie(a.interface, a.network.address, a.network.length) <
           std::tie(b.interface, b.network.address, b.network.length);
  });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<Prefix> lan_prefixes(std::span<const LinkNetwork> networks,
                                 std::string_view interface) {
  std::vector<Prefix> out;
  for (const LinkNetwork& one : networks) {
    if (one.interface == interface) {
      out.push_back(one.network);
    }
  }
  return out;
}

}  // namespace weir
