#include "doctor/ipsets.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <sstream>

#include "doctor/saved_number.h"

namespace weir::doctor {

namespace {

Answer any_of(const std::vector<AddressRange>& ranges, const Probe& probe, bool client) {
  Answer answer = Answer::no;
  for (const AddressRange& range : ranges) {
    answer = either(answer, client ? has_client(probe, range) : has_destination(probe, range));
    if (answer == Answer::yes) {
      break;
    }
  }
  return answer;
}

}  // namespace

std::optional<AddressRange> addresses_in(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) {
    return std::nullopt;
  }
  const std::uint32_t whole = address.value().is_v4() ? 32 : 128;
  if (slash == std::string::npos) {
    return range_of({address.value(), static_cast<std::uint8_t>(whole)});
  }
  // iptables-save writes an IPv4 mask that is no prefix as a mask: rare, and not understood.
  const auto length =
      text.find('.', slash) == std::string::npos ? number(text.substr(slash + 1)) : std::nullopt;
  if (!length || *length > whole) {
    return std::nullopt;
  }
  return range_of({address.value(), static_cast<std::uint8_t>(*length)});
}

IpSets ipsets_of(const std::string& saved) {
  IpSets sets;
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string verb;
    std::string name;
    std::string what;
    words >> verb >> name >> what;
    if (verb == "create" && (what == "hash:ip" || what == "hash:net")) {
      sets[name];
    }
    const auto found = sets.find(name);
    const auto range = addresses_in(what);
    if (verb != "add" || found == sets.end()) {
      continue;
    }
    if (!range) {
      sets.erase(found);  // an element that is not understood: nor is the set
      continue;
    }
    std::string more;
    bool excluded = false;
    while (words >> more) {
      excluded = excluded || more == "nomatch";
    }
    (excluded ? found->second.out : found->second.in).push_back(*range);
  }
  return sets;
}

Answer is_in(const Probe& probe, const IpSet& set, std::string_view direction) {
  if (direction != "src" && direction != "dst") {
    return Answer::unknown;
  }
  const bool client = direction == "src";
  const Answer in = any_of(set.in, probe, client);
  const Answer out = any_of(set.out, probe, client);
  if (in == Answer::no || out == Answer::yes) {
    return Answer::no;
  }
  return out == Answer::no ? in : both(in, Answer::some);
}

}  // namespace weir::doctor
