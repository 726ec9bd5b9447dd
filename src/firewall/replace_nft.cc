#include "firewall/replace_nft.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "firewall/print_nft.h"

namespace weir::firewall {

namespace {

// Something that stands in the table.
struct Object {
  std::string kind;  // as nft's command to delete it has it: "chain", "counter", "ct timeout"
  std::string name;
  std::string hook;    // of a chain that has one, as nft lists it
  std::string policy;  // of timeouts, likewise: "policy = { time_wait : 30, close : 5 }"
};

// "\tct timeout closing {" → {"ct timeout", "closing"}; none: no line that begins one.
std::optional<Object> object_of(std::string_view line) {
  constexpr std::array<std::string_view, 5> kinds = {"chain", "counter", "set", "map",
                                                     "ct timeout"};
  constexpr std::string_view end = " {";
  if (!line.starts_with('\t') || !line.ends_with(end)) {
    return std::nullopt;
  }
  line.remove_prefix(1);
  line.remove_suffix(end.size());
  for (const std::string_view kind : kinds) {
    if (line.starts_with(kind) && line.substr(kind.size()).starts_with(' ')) {
      return Object{std::string(kind), std::string(line.substr(kind.size() + 1)), "", ""};
    }
  }
  return std::nullopt;
}

std::vector<Object> objects_in(std::string_view listing) {
  std::vector<Object> objects;
  while (!listing.empty()) {
    const auto end = listing.find('\n');
    const std::string_view line = listing.substr(0, end);
    listing.remove_prefix(end == std::string_view::npos ? listing.size() : end + 1);
    if (auto object = object_of(line)) {
      objects.push_back(*std::move(object));
    } else if (!objects.empty() && line.starts_with("\t\ttype ") &&
               line.find(" hook ") != std::string_view::npos) {
      objects.back().hook = line.substr(2);
    } else if (!objects.empty() && line.starts_with("\t\tpolicy = ")) {
      objects.back().policy = line.substr(2);
    }
  }
  return objects;
}

bool says(const std::string& policy, std::string_view state, unsigned seconds) {
  const std::string words = fmt::format(" {} : {}", state, seconds);
  return policy.find(words + ",") != std::string::npos ||
         policy.find(words + " ") != std::string::npos;
}

// To delete timeouts the kernel walks through its whole table of connections.
bool are_same(const Plan& plan, const Object& timeouts) {
  return plan.closing && says(timeouts.policy, "close", plan.closing->close) &&
         says(timeouts.policy, "time_wait", plan.closing->time_wait);
}

bool stays(const Plan& plan, const Object& object) {
  if (object.kind == "ct timeout") {
    return are_same(plan, object);
  }
  if (object.kind != "chain" || object.hook.empty()) {
    return false;
  }
  const Chain* chain = plan.find(object.name);
  return chain != nullptr && chain->hooks.size() == 1 &&
         nft_hook(chain->hooks.front()) == object.hook;
}

}  // namespace

std::string replace_nft(const Plan& plan, std::string_view standing) {
  const std::vector<Object> objects = objects_in(standing);
  if (objects.empty()) {
    return print_nft(plan);
  }
  std::string out = "flush table inet weir\n";
  // Chains first: their hooks and rules are what refers to the rest.
  for (const bool chains : {true, false}) {
    for (const Object& object : objects) {
      if ((object.kind == "chain") == chains && !stays(plan, object)) {
        out += fmt::format("delete {} inet weir {}\n", object.kind, object.name);
      }
    }
  }
  return out + print_nft_table(plan);
}

}  // namespace weir::firewall
