// What the file of a condition includes: the row that is made of its functions, and the helpers
// that parse lists. A condition is a struct that is never made:
//
//   struct Example {
//     using Parsed = …;                       // what a rule's lines say; immutable, with ==
//     static constexpr std::array keys{Key{…}};
//     static std::optional<Parsed> parse(const Settings&, Findings&);
//     static Answer holds(const Parsed&, const FlowFacts&);
//     static std::string why_not(const Parsed&, const FlowFacts&);
//     static bool covers(const Parsed&, const Parsed* other);
//     static void lower(const Parsed&, firewall::Narrowing&);
//   };
//
// Without `lower` only the gateway can decide. `index`, `needs`, `because`, `admits`, `fit`,
// `changes_at`, `clock_state` and `within` are for those that need them. What each has to answer
// stands at the row's fields (base/condition.h); src/rules/README.md has a whole one.
//
// Constant; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address_item.h"
#include "base/condition.h"
#include "config/findings.h"
#include "config/items.h"
#include "firewall/narrowing.h"

namespace weir {

template <typename Parsed>
ConditionType::Parsed erased(std::optional<Parsed> parsed) {
  return parsed ? std::make_shared<const Parsed>(*std::move(parsed)) : nullptr;
}

template <typename C>
constexpr ConditionType condition_type() {
  using Parsed = typename C::Parsed;
  struct Of {
    static const Parsed& it(const void* parsed) { return *static_cast<const Parsed*>(parsed); }
  };
  ConditionType row{.keys = C::keys, .parsed_type = &typeid(Parsed)};
  if constexpr (requires { C::index; }) {
    row.index = C::index;
  }
  if constexpr (requires { C::needs; }) {
    row.needs = C::needs;
  }
  row.parse = [](const Settings& settings, Findings& findings) {
    return erased(C::parse(settings, findings));
  };
  row.holds = [](const void* it, const FlowFacts& facts) { return C::holds(Of::it(it), facts); };
  row.why_not = [](const void* it, const FlowFacts& facts) {
    return C::why_not(Of::it(it), facts);
  };
  if constexpr (requires { &C::because; }) {
    row.because = [](const void* it, const FlowFacts& facts) {
      return C::because(Of::it(it), facts);
    };
  }
  row.covers = [](const void* it, const void* other) {
    return C::covers(Of::it(it), static_cast<const Parsed*>(other));
  };
  row.same = [](const void* it, const void* other) { return Of::it(it) == Of::it(other); };
  if constexpr (requires { &C::admits; }) {
    row.admits = [](const void* it, Family family) { return C::admits(Of::it(it), family); };
  }
  if constexpr (requires { &C::fit; }) {
    row.fit = [](const void* it, const Machine& machine) {
      return erased(C::fit(Of::it(it), machine));
    };
  }
  if constexpr (requires { &C::changes_at; }) {
    row.changes_at = [](const void* it) { return C::changes_at(Of::it(it)); };
  }
  if constexpr (requires { &C::clock_state; }) {
    row.clock_state = [](const void* it) { return C::clock_state(Of::it(it)); };
  }
  if constexpr (requires { &C::within; }) {
    row.within = [](const void* it) { return C::within(Of::it(it)); };
  }
  if constexpr (requires { &C::lower; }) {
    row.lower = [](const void* it, firewall::Narrowing& rule) { C::lower(Of::it(it), rule); };
  }
  return row;
}

// The row of a kind of items in lists of clients and destinations, of a struct that has `Parsed`,
// `claims`, `parse`, `holds` and `text` and, where they are needed, `found`, `missed`, `fit`,
// `list` and `lower` (base/address_item.h).
template <typename C>
constexpr AddressItemType address_item_type() {
  using Parsed = typename C::Parsed;
  struct Of {
    static const Parsed& it(const void* parsed) { return *static_cast<const Parsed*>(parsed); }
  };
  AddressItemType row{.claims = C::claims};
  row.parse = [](std::string_view item, FlowEnd end) -> Result<AddressItemType::Parsed> {
    Result<Parsed> made = C::parse(item, end);
    if (!made) {
      return made.error();
    }
    return AddressItemType::Parsed(std::make_shared<const Parsed>(std::move(made).value()));
  };
  row.holds = [](const void* it, FlowEnd end, const FlowFacts& facts) {
    return C::holds(Of::it(it), end, facts);
  };
  row.text = [](const void* it) { return C::text(Of::it(it)); };
  row.same = [](const void* it, const void* other) { return Of::it(it) == Of::it(other); };
  if constexpr (requires { &C::fit; }) {
    row.fit = [](const void* it, const Machine& machine) {
      return erased(C::fit(Of::it(it), machine));
    };
  }
  if constexpr (requires { &C::found; }) {
    row.found = [](const void* it, FlowEnd end, const FlowFacts& facts) {
      return C::found(Of::it(it), end, facts);
    };
  }
  if constexpr (requires { &C::missed; }) {
    row.missed = [](const void* it, FlowEnd end, const FlowFacts& facts) {
      return C::missed(Of::it(it), end, facts);
    };
  }
  if constexpr (requires { &C::list; }) {
    row.list = [](const void* it) { return C::list(Of::it(it)); };
  }
  if constexpr (requires { &C::lower; }) {
    row.lower = [](const void* it, FlowEnd end, firewall::ItemWords& words) {
      return C::lower(Of::it(it), end, words);
    };
  }
  return row;
}

}  // namespace weir
