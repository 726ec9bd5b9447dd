#include "firewall/lower_step.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "firewall/ipset.h"

namespace weir::firewall {

namespace {

// How many ports `-m multiport` takes; a range counts as two.
constexpr std::size_t multiport_limit = 15;

// Port lists that `-m multiport` can hold.
std::vector<Ports> groups_of(const Ports& ports) {
  std::vector<Ports> groups;
  std::size_t used = multiport_limit;
  for (const Ports::Range& range : ports.ranges) {
    const std::size_t cost = range.first == range.last ? 1 : 2;
    if (used + cost > multiport_limit) {
      groups.emplace_back();
      used = 0;
    }
    groups.back().ranges.push_back(range);
    used += cost;
  }
  return groups;
}

Alternatives one(Condition condition) { return {.any_of = {std::move(condition)}}; }
constexpr auto never = [] { return Alternatives{}; };
constexpr auto always = [] { return Alternatives{.always = true, .any_of = {}}; };

// The words for one condition, by its type.
struct Split {
  const Plan& plan;
  Family family;

  template <typename Other>
  Alternatives operator()(const Other& other) const {
    return one(other);
  }

  Alternatives operator()(const match::Flow& flow) const {
    Alternatives all;
    for (Ports& ports : groups_of(flow.tcp)) {
      all.any_of.emplace_back(match::Flow{std::move(ports), {}});
    }
    for (Ports& ports : groups_of(flow.udp)) {
      all.any_of.emplace_back(match::Flow{{}, std::move(ports)});
    }
    return all;
  }

  Alternatives operator()(const match::InInterface& in) const {
    assert(!in.negated);
    Alternatives all;
    for (const std::string& name : in.names) {
      all.any_of.emplace_back(match::InInterface{{name}});
    }
    return all;
  }

  Alternatives operator()(const match::OutInterface& out) const {
    Alternatives all;
    for (const std::string& name : out.names) {
      all.any_of.emplace_back(match::OutInterface{{name}});
    }
    return all;
  }

  Alternatives operator()(const match::OfFamily& of) const {
    return of.family == family ? always() : never();
  }

  Alternatives operator()(const match::Within& within) const {
    if (within.prefixes.front().address.family() != family) {
      return never();
    }
    return {.any_of = each_of(within, plan)};
  }

  Alternatives operator()(const match::Reserved& reserved) const {
    Alternatives all;
    for (const std::string& prefix : reserved.prefixes) {
      if (reserved.family == family) {
        all.any_of.emplace_back(match::Reserved{family, {prefix}});
      }
    }
    return all;
  }

  // For IPv6 the kernel takes MULTICAST together with other types to mean: and, not or.
  Alternatives operator()(const match::AddressKind& kind) const {
    match::AddressKind multicast = kind;
    match::AddressKind others = kind;
    multicast.kinds.clear();
    others.kinds.clear();
    for (const match::Kind each : kind.kinds) {
      if (each != match::Kind::broadcast || family == Family::v4) {
        (each == match::Kind::multicast ? multicast : others).kinds.push_back(each);
      }
    }
    Alternatives all;
    for (match::AddressKind& each : std::vector{multicast, others}) {
      if (!each.kinds.empty()) {
        all.any_of.emplace_back(std::move(each));
      }
    }
    return all;
  }

  // What the routes say is in a set.
  Alternatives by_routes() const {
    const auto& list = family == Family::v4 ? plan.by_routes.v4 : plan.by_routes.v6;
    return list.empty() ? never() : one(match::Within{Side::destination, list, false, true});
  }
  Alternatives operator()(const match::NoRoute& /*any*/) const { return by_routes(); }
  Alternatives operator()(const match::LeavesElsewhere& /*any*/) const { return by_routes(); }

  Alternatives operator()(const match::InWords& words) const {
    if (words.only_for && *words.only_for != family) {
      return always();
    }
    Alternatives all;
    for (const auto& each : words.any_of) {
      if (!words.of || *words.of == family) {
        all.any_of.emplace_back(match::InWords{.nft = {}, .any_of = {each}});
      }
    }
    for (const match::InWords& other : words.or_else) {
      for (Condition& each : (*this)(other).any_of) {
        all.any_of.push_back(std::move(each));
      }
    }
    return all;
  }

  Alternatives operator()(const match::DontFragment& bit) const {
    return family == Family::v4 ? one(bit) : never();
  }

  Alternatives operator()(const match::SentByUser& sent) const {
    Alternatives all;
    for (const UserSetting& user : sent.users) {
      all.any_of.emplace_back(match::SentByUser{{user}});
    }
    return all;
  }

  Alternatives operator()(const match::Redirect& redirect) const {
    return redirect.family == family ? one(redirect) : never();
  }

  Alternatives operator()(const match::LookedUp& /*pair*/) const { return never(); }

  // It cannot be told here which address an error speaks for.
  Alternatives operator()(const match::QuotesDatagram& /*any*/) const { return never(); }
};

// Interfaces first, then the protocol, which everything else may build upon.
int rank(const Condition& condition) {
  if (std::holds_alternative<match::InInterface>(condition) ||
      std::holds_alternative<match::OutInterface>(condition)) {
    return 0;
  }
  return std::holds_alternative<match::Protocol4>(condition) ||
                 std::holds_alternative<match::Flow>(condition) ||
                 std::holds_alternative<match::Redirect>(condition)
             ? 1
             : 2;
}

template <typename Type>
bool has(const std::vector<Condition>& conditions) {
  return std::any_of(conditions.begin(), conditions.end(), [](const Condition& condition) {
    return std::holds_alternative<Type>(condition);
  });
}

std::vector<Condition> in_order(std::vector<Condition> conditions) {
  if (has<match::Opening>(conditions) && !has<match::Protocol4>(conditions) &&
      !has<match::Flow>(conditions)) {
    conditions.emplace_back(match::Protocol4{Layer4::tcp});
  }
  std::stable_sort(conditions.begin(), conditions.end(),
                   [](const Condition& a, const Condition& b) { return rank(a) < rank(b); });
  return conditions;
}

// One target a line. What sets a mark for weir leaves by ACCEPT, so that no later rule of others
// sees it; what goes on as if there were no weir by RETURN. A label is set on a line of its own,
// for what is not tracked cannot have one, and goes on.
std::vector<std::vector<Action>> targets_of(const std::vector<Action>& then) {
  std::vector<std::vector<Action>> lines = {{}};
  bool marked = false;
  for (Action action : then) {
    if (std::holds_alternative<act::Accept>(action) && !marked) {
      action = act::Return{};
    }
    if (std::holds_alternative<act::SetMark>(action)) {
      marked = true;
    }
    const bool with_label =
        !lines.back().empty() && std::holds_alternative<act::SetLabel>(lines.back().back());
    const bool after_target = !lines.back().empty() && !with_label &&
                              !std::holds_alternative<act::Count>(lines.back().back());
    if (after_target || (with_label && then.size() > 2)) {
      lines.emplace_back();
    }
    lines.back().push_back(std::move(action));
  }
  return lines;
}

bool is_of_family(const std::vector<Action>& then, Family family) {
  return std::all_of(then.begin(), then.end(), [=](const Action& action) {
    const auto* tproxy = std::get_if<act::Tproxy>(&action);
    return tproxy == nullptr || !tproxy->family || *tproxy->family == family;
  });
}

// TPROXY takes off only the bits that it sets; the chain's first step took off the others. What
// finds no listener it drops.
void lower_tproxy(std::vector<Action>& then, const Plan& plan) {
  for (Action& action : then) {
    if (auto* tproxy = std::get_if<act::Tproxy>(&action); tproxy != nullptr) {
      tproxy->mark.mask =
          tproxy->mark.value == plan.mark.value ? plan.mark.mask : plan.both_marks().mask;
      tproxy->family.reset();
      tproxy->without_listener = act::Tproxy::WithoutListener::drop;
    }
  }
}

}  // namespace

std::vector<Condition> each_of(const match::Within& within, const Plan& plan) {
  std::vector<Condition> all;
  if (within.prefixes.empty()) {
    return all;
  }
  if (within.as_set || is_set(plan.long_lists, within.prefixes)) {
    match::Within set = within;
    set.as_set = true;
    all.emplace_back(std::move(set));
    return all;
  }
  all.reserve(within.prefixes.size());
  for (const Prefix& prefix : within.prefixes) {
    all.emplace_back(match::Within{within.side, {prefix}, within.negated, false});
  }
  return all;
}

Alternatives alternatives_of(const Condition& condition, const Plan& plan, Family family) {
  return std::visit(Split{plan, family}, condition);
}

std::vector<Step> lines_of(const Step& step, const Plan& plan, Family family) {
  if (!is_of_family(step.then, family)) {
    return {};
  }
  std::vector<std::vector<Condition>> products = {{}};
  for (const Condition& condition : in_order(step.when)) {
    const Alternatives alternatives = alternatives_of(condition, plan, family);
    if (alternatives.always) {
      continue;
    }
    std::vector<std::vector<Condition>> longer;
    for (const auto& product : products) {
      for (const Condition& each : alternatives.any_of) {
        longer.push_back(product);
        longer.back().push_back(each);
      }
    }
    products = std::move(longer);
  }
  std::vector<Step> lines;
  for (const auto& product : products) {
    for (std::vector<Action>& then : targets_of(step.then)) {
      Step line = step;
      line.when = product;
      line.then = std::move(then);
      line.why = lines.empty() ? step.why : "";
      lower_tproxy(line.then, plan);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace weir::firewall
