#include "doctor/input_filter.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <nlohmann/json.hpp>

#include "doctor/nft_json.h"

namespace weir::doctor {

namespace {

// A match that an intercepted packet of a client meets: on its interface, its mark, its socket.
bool lets_clients_in(const Json& match) {
  const Json* left = member(match, "left");
  if (left == nullptr) {
    return false;
  }
  const Json* inner = member(*left, "&");
  const Json& what =
      inner != nullptr && inner->is_array() && !inner->empty() ? inner->front() : *left;
  if (member(what, "socket") != nullptr) {
    return true;
  }
  const Json* meta = member(what, "meta");
  const std::string key = meta != nullptr ? text(*meta, "key") : "";
  if (key == "iifname" || key == "iif") {
    const Json* right = member(match, "right");
    return right == nullptr || !right->is_string() || right->get<std::string>() != "lo";
  }
  return key == "mark";
}

bool accepts_clients(const Json& expressions) {
  bool accepts = false;
  for (const Json& expression : expressions) {
    if (const Json* match = member(expression, "match"); match != nullptr) {
      if (!lets_clients_in(*match)) {
        return false;
      }
    }
    // Where a jump leads cannot be told here: in doubt, no false alarm.
    accepts = accepts || member(expression, "accept") != nullptr ||
              member(expression, "jump") != nullptr || member(expression, "goto") != nullptr;
  }
  return accepts;
}

bool same_chain(const Json& rule, const Json& chain) {
  return text(rule, "family") == text(chain, "family") &&
         text(rule, "table") == text(chain, "table") && text(rule, "chain") == text(chain, "name");
}

bool any_rule_accepts(const Json& entries, const Json& chain) {
  return std::any_of(entries.begin(), entries.end(), [&](const Json& entry) {
    const Json* rule = member(entry, "rule");
    const Json* expressions = rule != nullptr ? member(*rule, "expr") : nullptr;
    return expressions != nullptr && expressions->is_array() && same_chain(*rule, chain) &&
           accepts_clients(*expressions);
  });
}

// "0x1/0x3" of a rule: does a packet with the mark meet it?
bool meets(std::string_view value_mask, Mark mark) {
  std::uint32_t value = 0;
  std::uint32_t mask = 0xffffffff;
  const auto read = [](std::string_view word, std::uint32_t& into) {
    const bool hexadecimal = word.starts_with("0x");
    word.remove_prefix(hexadecimal ? 2 : 0);
    std::from_chars(word.data(), word.data() + word.size(), into, hexadecimal ? 16 : 10);
  };
  const auto slash = value_mask.find('/');
  read(value_mask.substr(0, slash), value);
  if (slash != std::string_view::npos) {
    read(value_mask.substr(slash + 1), mask);
  }
  return (mark.value & mask) == value;
}

bool accepts_clients(const std::string& line, Mark mark) {
  std::istringstream words(line);
  bool accepts = false;
  for (std::string word; words >> word;) {
    std::string value;
    if (word == "-A" || word == "-m") {
      words >> value;
    } else if (word == "-i") {
      words >> value;
      if (value == "lo") {
        return false;
      }
    } else if (word == "--mark") {
      words >> value;
      if (!meets(value, mark)) {
        return false;
      }
    } else if (word == "--transparent") {
      continue;
    } else if (word == "-j" || word == "-g") {
      words >> value;
      accepts = value != "DROP" && value != "REJECT" && value != "LOG" && value != "WEIR";
    } else {
      return false;  // a condition that not every client's packet meets
    }
  }
  return accepts;
}

}  // namespace

std::vector<std::string> dropping_filters_of_nft(const Json& listing) {
  std::vector<std::string> filters;
  const Json* entries = member(listing, "nftables");
  if (entries == nullptr || !entries->is_array()) {
    return filters;
  }
  for (const Json& entry : *entries) {
    const Json* chain = member(entry, "chain");
    if (chain == nullptr || text(*chain, "hook") != "input" || text(*chain, "policy") != "drop" ||
        any_rule_accepts(*entries, *chain)) {
      continue;
    }
    filters.push_back(text(*chain, "family") + " " + text(*chain, "table") + " " +
                      text(*chain, "name"));
  }
  return filters;
}

bool drops_marked(const std::string& saved, Mark mark) {
  bool drops = false;
  std::istringstream lines(saved);
  bool filter = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) {
      filter = line == "*filter";
    } else if (!filter) {
      continue;
    } else if (line.starts_with(":INPUT DROP")) {
      drops = true;
    } else if (line.starts_with("-A INPUT") && accepts_clients(line, mark)) {
      return false;
    }
  }
  return drops;
}

}  // namespace weir::doctor
