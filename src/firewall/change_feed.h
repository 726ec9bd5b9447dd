// Hears over netlink of changes to rules or routes that could be weir's, with the program that made
// them where the kernel tells; and of changes to lo, by which weir's routes go. It says when to
// look, not what is wrong: what is there is compared with what should be.
//
// Owned by the RuleReconciler; the firewall's thread, on its loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/descriptor.h"
#include "base/netlink.h"
#include "firewall/ruleset.h"
#include "loop/loop.h"
#include "weir/result.h"

namespace weir::firewall {

// What one netlink message says of a change.
struct Change {
  enum class About : std::uint8_t {
    nothing,     // of weir's, or a pair in a set that weir fills all the time (name_rules.h)
    rules,       // a table that weir has something in
    generation,  // the end of a batch of changes; `program`: the program that made them
    routes,      // a policy rule, or a route in weir's table; `program` where it is known
    link,        // lo, or its addresses: with them the kernel drops routes of IPv6 by lo
  } about = About::nothing;
  std::string program;
};
[[nodiscard]] Change nft_change_in(netlink::Bytes message, Backend backend);
// `lo`: the number of that interface.
[[nodiscard]] Change link_change_in(netlink::Bytes message, unsigned lo);
[[nodiscard]] Change route_change_in(netlink::Bytes message, std::uint32_t table);

class ChangeFeed {
 public:
  // `about` is rules, routes or link; after a loss of messages routes, without a name.
  using OnChange = std::function<void(const Change&)>;
  // `own`: the netlink port by which this process changes what is in sets of pairs, hundreds of
  // times a second: the kernel does not tell of that. 0: there is none.
  static Result<std::unique_ptr<ChangeFeed>> open(Loop& loop, Backend backend, std::uint32_t table,
                                                  std::uint32_t own, OnChange on_change);

 private:
  ChangeFeed(Backend backend, std::uint32_t table, Descriptor nft, Descriptor routes,
             OnChange on_change);
  void watch(Loop& loop);
  void hear_nft();
  void hear_routes();

  Backend backend_;
  std::uint32_t table_;
  unsigned lo_;
  bool touched_ = false;  // since the last generation
  OnChange on_change_;
  Descriptor nft_;
  Descriptor routes_;
  std::unique_ptr<Poll> nft_poll_;  // before their descriptors go
  std::unique_ptr<Poll> routes_poll_;
};

}  // namespace weir::firewall
