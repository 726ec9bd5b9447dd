// What happens to a packet, as chains of steps: pure data, built once from the ruleset, in the
// kernel's terms and in no tool's words. lower.h turns it into what a tool can do, print_nft.h and
// print_iptables.h write it, one line a step, and evaluate.h answers what becomes of a packet.
//
// A new action is a struct and a place in its variant here; the compiler then asks for its words in
// both printers, and for its meaning in evaluate.cc. Conditions: match.h.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "firewall/match.h"
#include "firewall/ruleset.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir::firewall {

namespace act {

struct Accept {};  // ends the hook's chain
struct Drop {};
struct Return {};
struct Goto {
  std::string chain;
};
struct Jump {
  std::string chain;
};
struct Count {
  std::string counter;
};
// The bits of `mark.mask` become `mark.value`; others stay.
struct SetMark {
  Mark mark;
};
struct SetLabel {
  int number = 0;
};
// Hands the packet to the listener, marks and accepts it.
struct Tproxy {
  Port port = 0;
  Mark mark;                     // as SetMark
  std::optional<Family> family;  // of this one only
  enum class WithoutListener : std::uint8_t { next_step, drop } without_listener{};
};
// Connection tracking forgets the connection's end as soon as Plan::closing says.
struct ForgetSooner {};
struct Reset {};        // TCP RST
struct Unreachable {};  // ICMP port unreachable
// An ICMP error leaves from the address that the datagram it quotes was for.
struct SpeakForQuoted {
  Family family = Family::v4;
};

}  // namespace act

struct Action : std::variant<act::Accept, act::Drop, act::Return, act::Goto, act::Jump, act::Count,
                             act::SetMark, act::SetLabel, act::Tproxy, act::ForgetSooner,
                             act::Reset, act::Unreachable, act::SpeakForQuoted> {
  using variant::variant;
  Action(const Action& other);
  Action(Action&& other) noexcept;
  Action& operator=(const Action& other);
  Action& operator=(Action&& other) noexcept;
  ~Action();
};

struct Step {
  std::vector<Condition> when;  // all of them; none: always
  std::vector<Action> then;
  std::string why = {};  // in lines; empty: the step before says it
  std::vector<Condition> unless =
      {};                 // with `when`: goes on as if there were no weir. Before lower()
  std::size_t row = 0;    // of the configuration's rule that it is
  bool optional = false;  // for kernels that can do it
  bool by_names = false;  // it goes with match::LookedUp, which iptables does not have
};

struct Hook {
  enum class Point : std::uint8_t { prerouting, input, forward, output } point{};
  int priority = 0;               // among the chains of one place, ascending
  std::string_view type;          // nft's
  std::string_view nft_priority;  // the priority in nft's words
};
[[nodiscard]] std::string_view name_of(Hook::Point point);

struct Chain {
  std::string name;
  std::string why = {};
  std::vector<Hook> hooks = {};  // none: others lead here
  std::vector<Step> steps = {};
  std::string_view table = {};  // iptables
};

struct Plan {
  std::optional<Family> family = {};  // none: both
  Port port = 0;
  Mark mark = {};
  Mark bypass_mark = {};
  Ruleset::Gateway gateway = Ruleset::Gateway::serves;
  // Some rule rejects, be it in another of its windows.
  bool rejects = false;
  std::vector<std::string> counters = {};
  std::optional<ClosingTimeouts> closing = {};
  std::vector<Chain> chains = {};
  // For tools that cannot ask the routes, or compare with one prefix after another.
  Ruleset::ByRoutes by_routes = {};
  Ruleset::LongLists long_lists = Ruleset::LongLists::are_rules;

  [[nodiscard]] const Chain* find(std::string_view name, std::string_view table = {}) const;
  [[nodiscard]] Mark both_marks() const {
    return {mark.value | bypass_mark.value, mark.mask | bypass_mark.mask};
  }
};

// The names of the sets of pairs that its rules ask (name_rules.h). REQUIRES: for_nft() made it.
[[nodiscard]] std::set<std::string> name_sets_of(const Plan& plan);

// In nft's order of things, for both families.
[[nodiscard]] Plan make_plan(const Ruleset& ruleset);

}  // namespace weir::firewall
