#include "mix.h"

#include <array>
#include <string>
#include <utility>

#include "rules/conditions/table.h"

namespace bench {
namespace {

using weir::Address;
using weir::FlowEnd;
using weir::Port;
using weir::Prefix;
using weir::Protocol;

constexpr std::uint32_t seed = 7;
constexpr std::size_t prefixes_of_set = 1'000;

class Maker {
 public:
  std::size_t below(std::size_t count) { return random_() % count; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  bool is_v6() { return below(10) < 3; }

  // A million clients in 10.0.0.0/8 and fd00::/16; servers in what is left.
  Address address(FlowEnd end, bool is_v6) {
    const auto number = static_cast<std::uint32_t>(
        end == FlowEnd::client ? 0x0a000000U + below(1U << 20U) : 0x40000000U + below(1U << 30U));
    if (!is_v6) {
      return Address::v4(number);
    }
    in6_addr out{};
    out.s6_addr[0] = 0xfd;
    for (unsigned i = 0; i < 4; ++i) {
      out.s6_addr[4 + i] = static_cast<std::uint8_t>(number >> (24U - 8U * i));
    }
    out.s6_addr[15] = static_cast<std::uint8_t>(below(256));
    return Address::v6(out);
  }

  // Most are for one address; the others for a network of some size, one of `sizes`.
  Prefix around(const Address& address, std::size_t sizes) {
    const std::size_t kind = below(10) < 6 ? 0 : 1 + below(sizes);
    const std::uint8_t length = (address.is_v4() ? lengths4_ : lengths6_).at(kind);
    return {weir::network_of(address, length), length};
  }

  Port port() {
    constexpr std::array<Port, 16> common{443, 443, 443, 443, 80,  80,   53,   8080,
                                          22,  25,  587, 993, 123, 3478, 5228, 8443};
    return one_in(3) ? static_cast<Port>(1'000 + 7 * below(40)) : common.at(below(common.size()));
  }

 private:
  static constexpr std::array<std::uint8_t, 4> lengths4_{32, 28, 24, 16};
  static constexpr std::array<std::uint8_t, 4> lengths6_{128, 96, 64, 48};
  std::mt19937 random_{seed};
};

// A set, and what it is of.
struct Set {
  FlowEnd end;
  bool is_v6;
  weir::RuleCondition condition;  // that its rules share
  std::vector<Address> in;        // addresses that it has
};

weir::RuleCondition condition_of(FlowEnd end, weir::AddressCondition list) {
  return {end == FlowEnd::client ? weir::client_condition : weir::destination_condition,
          weir::AddressMatch(std::move(list))};
}

Set make_set(Maker& maker) {
  const FlowEnd end = maker.one_in(2) ? FlowEnd::client : FlowEnd::destination;
  const bool is_v6 = maker.is_v6();
  weir::AddressCondition list;
  std::vector<Address> in;
  for (std::size_t i = 0; i < prefixes_of_set; ++i) {
    in.push_back(maker.address(end, is_v6));
    // A thousand /16 would be everything there is.
    list.include.push_back(maker.around(in.back(), 2));
  }
  return {end, is_v6, condition_of(end, std::move(list)), std::move(in)};
}

// A rule, and a flow that meets it, or would but for its exceptions.
struct Made {
  weir::RuleSettings rule;
  weir::Flow flow;
};

class RuleMaker {
 public:
  explicit RuleMaker(Maker& maker) : maker_(maker) {}

  // `set`: it names that; or null.
  Made make(const Set* set) {
    Made out;
    is_v6_ = set == nullptr ? maker_.is_v6() : set->is_v6;
    const Port port = maker_.port();
    const Protocol protocol = maker_.one_in(4) ? Protocol::udp : Protocol::tcp;
    std::vector<weir::PortRange> on{{protocol, port, port}};
    if (maker_.one_in(10)) {
      on.push_back({Protocol::tcp, static_cast<Port>(port + 1), static_cast<Port>(port + 20)});
    }
    out.rule.set({weir::on_condition, std::move(on)});
    out.flow = {.protocol = protocol,
                .client = {maker_.address(FlowEnd::client, is_v6_), 40'000},
                .destination = {maker_.address(FlowEnd::destination, is_v6_), port},
                .interface = 1};
    const std::size_t kind = maker_.below(20);
    if (set != nullptr) {
      (set->end == FlowEnd::client ? out.flow.client : out.flow.destination).address =
          set->in[maker_.below(set->in.size())];
      out.rule.set(set->condition);
      if (kind < 6) {
        add(out, set->end == FlowEnd::client ? FlowEnd::destination : FlowEnd::client,
            1 + maker_.below(2));
      }
    } else if (kind < 8) {
      add(out, FlowEnd::client, 1 + maker_.below(2));
    } else if (kind < 14) {
      add(out, FlowEnd::destination, 1 + maker_.below(4));
    } else {
      add(out, FlowEnd::client, 1, kind >= 18);
      if (kind < 18) {
        add(out, FlowEnd::destination, 1 + maker_.below(2));
      } else if (kind == 19) {
        out.rule.set({weir::interface_condition,
                      std::vector<std::string>{"lan" + std::to_string(maker_.below(3))}});
      }
    }
    return out;
  }

 private:
  void add(Made& out, FlowEnd end, std::size_t count, bool with_exception = false) {
    constexpr std::size_t sizes = 3;
    weir::AddressCondition list;
    list.include.push_back(maker_.around(weir::address_at(end, out.flow), sizes));
    while (list.include.size() < count) {
      list.include.push_back(maker_.around(maker_.address(end, is_v6_), sizes));
    }
    if (with_exception) {
      list.exclude.push_back(maker_.around(maker_.address(end, is_v6_), sizes));
    }
    out.rule.set(condition_of(end, std::move(list)));
  }

  Maker& maker_;
  bool is_v6_ = false;
};

}  // namespace

Mix make_mix(std::size_t rules, std::size_t sets, std::size_t flows) {
  Maker maker;
  RuleMaker rule_maker(maker);
  Mix out;
  std::vector<Set> named;
  while (named.size() < sets) {
    named.push_back(make_set(maker));
  }
  std::vector<weir::Flow> met;
  for (std::size_t i = 0; i < rules; ++i) {
    const bool names_set = sets > 0 && i % 10 == 0;
    Made made = rule_maker.make(names_set ? &named[maker.below(sets)] : nullptr);
    made.rule.name = "r" + std::to_string(i);
    out.rules.push_back(std::move(made.rule));
    met.push_back(made.flow);
  }
  for (std::size_t i = 0; i < flows; ++i) {
    if (i % 2 == 0) {
      out.flows.push_back(met[maker.below(met.size())]);
      continue;
    }
    const bool is_v6 = maker.is_v6();
    out.flows.push_back({.protocol = maker.one_in(4) ? Protocol::udp : Protocol::tcp,
                         .client = {maker.address(FlowEnd::client, is_v6), 40'000},
                         .destination = {maker.address(FlowEnd::destination, is_v6), maker.port()},
                         .interface = 1});
  }
  return out;
}

}  // namespace bench
