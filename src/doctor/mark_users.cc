#include "doctor/mark_users.h"

#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>

#include "doctor/nft_json.h"
#include "doctor/saved_number.h"

namespace weir::doctor {

namespace {

constexpr std::uint32_t every_bit = 0xffffffff;

bool is_mark(const Json& value) {
  const Json* meta = value.find("meta");
  return meta != nullptr && text(*meta, "key") == "mark";
}

// An expression over the mark as two masks: what it keeps of the mark, and what it may set.
struct Effect {
  std::uint32_t keeps = 0;
  std::uint32_t sets = every_bit;
};

Effect effect_of(const Json& value) {
  if (is_mark(value)) {
    return {.keeps = every_bit, .sets = 0};
  }
  if (const auto number = value.natural()) {
    return {.keeps = 0, .sets = static_cast<std::uint32_t>(*number)};
  }
  for (const char* operation : {"&", "|", "^"}) {
    const Json* found = value.find(operation);
    const auto sides = found != nullptr ? found->items() : std::span<const Json>();
    if (sides.size() < 2) {
      continue;
    }
    Effect all = effect_of(sides.front());
    for (const Json& side : sides.subspan(1)) {
      const Effect next = effect_of(side);
      if (*operation == '&') {
        // One side is a constant: what it has zeros for is lost.
        all = {.keeps = all.keeps & (next.keeps | next.sets), .sets = all.sets & next.sets};
      } else {
        all = {.keeps = (all.keeps | next.keeps) & ~(*operation == '^' ? next.sets : 0U),
               .sets = all.sets | next.sets};
      }
    }
    return all;
  }
  return {};  // a map, the connection's mark: anything
}

std::uint32_t bits_changed(const Json& expression) {
  const Json* mangle = expression.find("mangle");
  const Json* key = mangle != nullptr ? mangle->find("key") : nullptr;
  const Json* value = mangle != nullptr ? mangle->find("value") : nullptr;
  if (key == nullptr || value == nullptr || !is_mark(*key)) {
    return 0;
  }
  const Effect effect = effect_of(*value);
  return ~effect.keeps | effect.sets;
}

// "0x1/0xff": both the mask's bits and the value's are changed.
std::uint32_t bits_of(const std::string& value_mask) {
  const auto slash = value_mask.find('/');
  const auto value = number(std::string_view(value_mask).substr(0, slash));
  const auto mask = slash == std::string::npos
                        ? std::optional(every_bit)
                        : number(std::string_view(value_mask).substr(slash + 1));
  return value && mask ? *value | *mask : every_bit;
}

}  // namespace

std::vector<MarkUser> mark_users_of_nft(const Json& listing) {
  std::vector<MarkUser> users;
  const Json* entries = listing.find("nftables");
  if (entries == nullptr) {
    return users;
  }
  for (const Json& entry : entries->items()) {
    const Json* rule = entry.find("rule");
    const Json* expressions = rule != nullptr ? rule->find("expr") : nullptr;
    if (expressions == nullptr ||
        (text(*rule, "table") == "weir" && text(*rule, "family") == "inet")) {
      continue;
    }
    std::uint32_t bits = 0;
    for (const Json& expression : expressions->items()) {
      bits |= bits_changed(expression);
    }
    if (bits != 0) {
      users.push_back(
          {"nft " + text(*rule, "family") + " " + text(*rule, "table") + " " + text(*rule, "chain"),
           bits});
    }
  }
  return users;
}

std::vector<MarkUser> mark_users_of_iptables(std::string_view program, const std::string& saved) {
  std::vector<MarkUser> users;
  std::string table;
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) {
      table = line.substr(1);
      continue;
    }
    if (!line.starts_with("-A ") || line.starts_with("-A WEIR")) {
      continue;
    }
    std::istringstream words(line);
    std::string chain;
    words >> chain >> chain;
    std::uint32_t bits = 0;
    for (std::string word; words >> word;) {
      std::string value;
      if ((word == "--set-xmark" || word == "--tproxy-mark") && words >> value) {
        bits |= line.find("-j CONNMARK") != std::string::npos ? 0 : bits_of(value);
      } else if (word == "--restore-mark" || word == "--restore-skmark") {
        bits |= every_bit;
      } else if (word == "--nfmask" && words >> value && bits != 0) {
        bits = number(value).value_or(every_bit);  // of what is restored
      }
    }
    if (bits != 0) {
      std::string user(program);
      user += ' ';
      user += table;
      user += ' ';
      user += chain;
      users.push_back({std::move(user), bits});
    }
  }
  return users;
}

}  // namespace weir::doctor
