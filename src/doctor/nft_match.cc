// The kinds of expression that routers' firewalls are made of. A named port or protocol that nft
// prints as a word costs an answer, no more.
#include "doctor/nft_match.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace weir::doctor {

namespace {

Answer answer_of(bool holds) { return holds ? Answer::yes : Answer::no; }

std::optional<long> number(const Json& value) { return value.integer(); }

// None where there is no such member, or it is no array.
std::span<const Json> items_of(const Json& value, std::string_view name) {
  const Json* found = value.find(name);
  return found == nullptr ? std::span<const Json>() : found->items();
}

bool is_word(const Json& value, std::string_view word) { return value.text() == word; }

// A port that nft prints by its number; a name costs an answer.
Answer compare_number(const Json& element, const std::function<Answer(long, long)>& within) {
  if (const auto one = number(element)) {
    return within(*one, *one);
  }
  const auto range = items_of(element, "range");
  if (range.size() == 2) {
    const auto first = number(range.front());
    const auto last = number(range.back());
    if (first && last) {
      return within(*first, *last);
    }
  }
  return Answer::unknown;
}

std::optional<AddressRange> addresses(const Json& element) {
  if (const auto word = element.text()) {
    const auto one = Address::parse(*word);
    return one ? std::optional(AddressRange{one.value(), one.value()}) : std::nullopt;
  }
  if (const Json* prefix = element.find("prefix")) {
    const Json* length = prefix->find("len");
    const auto base = Address::parse(text(*prefix, "addr"));
    if (base && length != nullptr && length->natural()) {
      return range_of({base.value(), static_cast<std::uint8_t>(*length->natural())});
    }
  }
  const auto range = items_of(element, "range");
  if (range.size() == 2 && range.front().text() && range.back().text()) {
    const auto low = Address::parse(*range.front().text());
    const auto high = Address::parse(*range.back().text());
    if (low && high) {
      return AddressRange{low.value(), high.value()};
    }
  }
  return std::nullopt;
}

std::string_view name_of(Protocol protocol) { return protocol == Protocol::tcp ? "tcp" : "udp"; }

Answer compare_protocol(const Probe& probe, const Json& element) {
  const long ours = probe.protocol == Protocol::tcp ? 6 : 17;
  if (const auto word = element.text()) {
    return answer_of(*word == name_of(probe.protocol));
  }
  return compare_number(
      element, [&](long first, long last) { return answer_of(first <= ours && ours <= last); });
}

Comparison payload(const std::string& protocol, const std::string& field) {
  if (protocol == "ip" || protocol == "ip6") {
    const Family family = protocol == "ip" ? Family::v4 : Family::v6;
    return [=](const Probe& probe, const Json& element) {
      if (probe.family != family) {
        return Answer::no;
      }
      if (field == "protocol" || field == "nexthdr") {
        return compare_protocol(probe, element);
      }
      const auto range = addresses(element);
      if (!range || (field != "saddr" && field != "daddr")) {
        return Answer::unknown;
      }
      return field == "saddr" ? has_client(probe, *range) : has_destination(probe, *range);
    };
  }
  return [=](const Probe& probe, const Json& element) {
    if (protocol == "ether") {
      return Answer::unknown;
    }
    if (protocol != "th" && protocol != name_of(probe.protocol)) {
      return Answer::no;
    }
    if (field == "dport") {
      return compare_number(element,
                            [&](long first, long last) { return has_port(probe, first, last); });
    }
    return field == "sport" ? compare_number(element, has_source_port) : Answer::unknown;
  };
}

Answer compare_mark(const Probe& probe, const Json& element) {
  return probe.mark ? compare_number(element,
                                     [&](long first, long last) {
                                       const long mark = *probe.mark;
                                       return answer_of(first <= mark && mark <= last);
                                     })
                    : Answer::unknown;
}

Comparison meta(const std::string& key) {
  if (key == "mark") {
    return compare_mark;
  }
  if (key == "l4proto") {
    return compare_protocol;
  }
  return [=](const Probe& probe, const Json& element) {
    if (!element.text()) {
      return Answer::unknown;
    }
    const std::string word(*element.text());
    if (key == "iifname" || key == "iif") {
      return answer_of(fits(probe.inbound, word));
    }
    if (key == "oifname" || key == "oif") {
      return answer_of(!is_intercepted(probe) && fits(probe.outbound, word));
    }
    const bool v4 = probe.family == Family::v4;
    if (key == "nfproto") {
      return answer_of(word == (v4 ? "ipv4" : "ipv6"));
    }
    if (key == "protocol") {
      return answer_of(word == (v4 ? "ip" : "ip6"));
    }
    return key == "pkttype" ? answer_of(word == "host" || word == "unicast") : Answer::unknown;
  };
}

// The first packet of a flow, that no translation knows.
Comparison connection(const std::string& key) {
  return [=](const Probe& /*probe*/, const Json& element) {
    const auto word = element.text();
    if (!word) {
      return Answer::unknown;
    }
    if (key == "state") {
      return answer_of(word == "new");
    }
    if (key == "direction") {
      return answer_of(word == "original");
    }
    return key == "status" ? Answer::no : Answer::unknown;
  };
}

bool lists(const Json& flags, std::string_view word) {
  const auto all = flags.items();
  return is_word(flags, word) ||
         std::any_of(all.begin(), all.end(), [&](const Json& one) { return is_word(one, word); });
}

Comparison fib(const Json& expression) {
  const std::string result = text(expression, "result");
  const Json* flags = expression.find("flags");
  const bool of_destination = flags != nullptr && lists(*flags, "daddr");
  const bool with_mark = flags != nullptr && lists(*flags, "mark");
  return [=](const Probe& probe, const Json& element) {
    if (result == "type" && element.text()) {
      // Looked up with the mark an intercepted destination is local: that is how it comes here.
      const bool local = of_destination && with_mark && is_intercepted(probe);
      return answer_of(element.text() == (local ? "local" : "unicast"));
    }
    // That a reverse path exists is what plain routing needs as well.
    return element.boolean() && !of_destination && !with_mark ? answer_of(*element.boolean())
                                                              : Answer::unknown;
  };
}

Comparison side_by_side(const Json& parts) {
  std::vector<Comparison> all;
  for (const Json& part : parts.items()) {
    all.push_back(comparison_of(part));
  }
  return [all](const Probe& probe, const Json& element) {
    const auto values = items_of(element, "concat");
    if (values.size() != all.size()) {
      return Answer::unknown;
    }
    Answer answer = Answer::yes;
    for (std::size_t i = 0; i < all.size(); ++i) {
      answer = both(answer, all[i](probe, values[i]));
    }
    return answer;
  };
}

std::uint32_t tcp_flag(std::string_view word) {
  constexpr std::array names{"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (word == names[i]) {
      return 1U << i;
    }
  }
  return 0;
}

std::optional<std::uint32_t> tcp_flags(const Json& value) {
  if (const auto bits = value.natural()) {
    return static_cast<std::uint32_t>(*bits);
  }
  if (const auto word = value.text()) {
    return tcp_flag(*word);
  }
  const Json* joined = value.find("|");
  const Json& list = joined != nullptr ? *joined : value;
  if (list.kind() != Json::Kind::array) {
    return std::nullopt;
  }
  std::uint32_t bits = 0;
  for (const Json& one : list.items()) {
    const auto part = one.text() || one.natural() ? tcp_flags(one) : std::nullopt;
    if (!part) {
      return std::nullopt;
    }
    bits |= *part;
  }
  return bits;
}

constexpr std::uint32_t syn = 2;

bool is_tcp_flags(const Json& value) {
  const Json* what = value.find("payload");
  return what != nullptr && text(*what, "protocol") == "tcp" && text(*what, "field") == "flags";
}

// "meta mark & 0x1", "tcp flags & (fin | syn)"
Comparison masked(std::span<const Json> sides) {
  if (sides.size() != 2) {
    return nullptr;
  }
  const Json& what = sides.front();
  if (is_tcp_flags(what)) {
    const auto mask = tcp_flags(sides.back());
    return [mask](const Probe& probe, const Json& element) {
      const auto wanted = tcp_flags(element);
      if (!mask || !wanted) {
        return Answer::unknown;
      }
      return answer_of(probe.protocol == Protocol::tcp && (syn & *mask) == *wanted);
    };
  }
  const Json* key = what.find("meta");
  const auto mask = number(sides.back());
  if (key == nullptr || text(*key, "key") != "mark" || !mask) {
    return nullptr;
  }
  return [mask](const Probe& probe, const Json& element) {
    Probe masked_probe;
    if (probe.mark) {
      masked_probe.mark = *probe.mark & static_cast<std::uint32_t>(*mask);
    } else {
      masked_probe.mark.reset();
    }
    return compare_mark(masked_probe, element);
  };
}

// Looking for a field that the packet does not have is a match with neither == nor !=.
bool has_field(const Json& left, const Probe& probe) {
  const Json* what = left.find("payload");
  const std::string protocol = what != nullptr ? text(*what, "protocol") : "";
  if (protocol == "ip" || protocol == "ip6") {
    return (protocol == "ip") == (probe.family == Family::v4);
  }
  return protocol.empty() || protocol == "ether" || protocol == "th" ||
         protocol == name_of(probe.protocol);
}

// "tcp flags syn": any of the bits.
Condition has_tcp_flag(const std::vector<Json>& words) {
  const auto bits = tcp_flags(words);
  return [bits](const Probe& probe) {
    return bits ? answer_of(probe.protocol == Protocol::tcp && (syn & *bits) != 0)
                : Answer::unknown;
  };
}

// "< 1024" as the range it is.
Json bounded(const std::string& operation, long bound) {
  constexpr long highest = 0xffffffff;
  const bool below = operation.starts_with('<');
  const long next = operation.ends_with('=') ? bound : bound + (below ? -1 : 1);
  return {{"range", std::vector<Json>{below ? 0 : next, below ? next : highest}}};
}

}  // namespace

Comparison comparison_of(const Json& left) {
  if (const Json* what = left.find("meta")) {
    return meta(text(*what, "key"));
  }
  if (const Json* what = left.find("payload")) {
    return payload(text(*what, "protocol"), text(*what, "field"));
  }
  if (const Json* what = left.find("ct")) {
    return connection(text(*what, "key"));
  }
  if (const Json* what = left.find("fib")) {
    return fib(*what);
  }
  if (const Json* what = left.find("socket"); what != nullptr) {
    const bool transparent = text(*what, "key") == "transparent";
    return [transparent](const Probe& probe, const Json& element) {
      return transparent ? compare_number(element,
                                          [&](long first, long last) {
                                            const long one = is_intercepted(probe) ? 1 : 0;
                                            return answer_of(first <= one && one <= last);
                                          })
                         : Answer::unknown;
    };
  }
  if (const Json* parts = left.find("concat");
      parts != nullptr && parts->kind() == Json::Kind::array) {
    return side_by_side(*parts);
  }
  if (Comparison with_mask = masked(items_of(left, "&"))) {
    return with_mask;
  }
  if (left.find("exthdr") != nullptr || left.find("ip option") != nullptr) {
    return [](const Probe&, const Json&) { return Answer::no; };  // what few packets carry
  }
  return [](const Probe&, const Json&) { return Answer::unknown; };
}

Condition condition_of(const Json& left, const std::string& operation, std::vector<Json> elements) {
  if (is_tcp_flags(left) && operation == "in") {
    return has_tcp_flag(elements);
  }
  if (operation.starts_with('<') || operation.starts_with('>')) {
    for (Json& element : elements) {
      if (const auto bound = number(element)) {
        element = bounded(operation, *bound);
      }
    }
  }
  return [compare = comparison_of(left), left,
          differs = operation == "!=", elements = std::move(elements)](const Probe& probe) {
    if (differs && !has_field(left, probe)) {
      return Answer::no;
    }
    Answer any = Answer::no;
    for (const Json& element : elements) {
      any = either(any, compare(probe, element));
    }
    return differs ? not_(any) : any;
  };
  // The analyzer does not see that a function moved into a capture is freed with it.
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)

}  // namespace weir::doctor
