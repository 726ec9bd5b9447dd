#include "firewall/replace_nft.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "firewall/ipset.h"
#include "firewall/nft_listing.h"
#include "firewall/print_nft.h"
#include "firewall/steps.h"

namespace weir::firewall {

namespace {

// What the new chains are called while the old ones have their names.
constexpr std::string_view beside = "-new";

bool is_chain(const NftObject& object) { return object.kind == "chain"; }

bool has_hook(const NftObject& object) {
  return object.text.find("\n\t\ttype ") != std::string::npos;
}

bool is_left_over(const NftObject& object) {
  return is_chain(object) && object.name.ends_with(beside);
}

// The plan with its chains named as while they stand beside the old ones. Those with hooks keep
// their names.
Plan renamed(Plan plan) {
  for (Chain& chain : plan.chains) {
    if (chain.hooks.empty()) {
      chain.name += beside;
    }
    for (Step& step : chain.steps) {
      for (Action& action : step.then) {
        if (auto* go = std::get_if<act::Goto>(&action); go != nullptr) {
          go->chain += beside;
        } else if (auto* jump = std::get_if<act::Jump>(&action); jump != nullptr) {
          jump->chain += beside;
        }
      }
    }
  }
  return plan;
}

bool says(std::string_view text, std::string_view state, unsigned seconds) {
  const std::string words = fmt::format(" {} : {}", state, seconds);
  return text.find(words + ",") != std::string::npos || text.find(words + " ") != std::string::npos;
}

// To delete timeouts the kernel walks through its whole table of connections.
bool are_same(const Plan& plan, const NftObject& timeouts) {
  return plan.closing && says(timeouts.text, "close", plan.closing->close) &&
         says(timeouts.text, "time_wait", plan.closing->time_wait);
}

bool hook_stays(const Plan& plan, const NftObject& hooked) {
  const Chain* chain = plan.find(hooked.name);
  return chain != nullptr && chain->hooks.size() == 1 &&
         hooked.text.find("\t\t" + nft_hook(chain->hooks.front()) + "\n") != std::string::npos;
}

std::string command(std::string_view verb, const NftObject& object) {
  return fmt::format("{} {} inet weir {}\n", verb, object.kind, object.name);
}

// The sets that its rules ask, and that stand beside them.
std::set<std::string> sets_of(const Plan& plan) {
  std::set<std::string> names = name_sets_of(plan);
  for (const auto& [name, list] : named_sets(plan)) {
    names.insert(name);
  }
  return names;
}

// The chains without hooks, and all that they name.
std::string make_beside(Plan plan) {
  plan.closing.reset();
  std::erase_if(plan.chains, [](const Chain& chain) { return !chain.hooks.empty(); });
  return print_nft_table(plan);
}

std::string switch_hooks(Plan plan, const std::vector<NftObject>& installed) {
  std::string out;
  for (const NftObject& object : installed) {
    if (is_chain(object) && has_hook(object)) {
      out += command("flush", object);
      out += hook_stays(plan, object) ? "" : command("delete", object);
    }
  }
  for (const NftObject& object : installed) {
    if (object.kind == "ct timeout" && !are_same(plan, object)) {
      out += command("delete", object);
    }
  }
  plan.counters.clear();  // they are there
  std::erase_if(plan.chains, [](const Chain& chain) { return chain.hooks.empty(); });
  return out + print_nft_table(plan);
}

// What the rules that are gone alone used, and the names.
std::string clear_away(const Plan& plan, const std::vector<NftObject>& installed) {
  const auto sets = sets_of(plan);
  std::string flushed;
  std::string deleted;
  std::string rest;
  for (const NftObject& object : installed) {
    if (is_chain(object) && !has_hook(object)) {
      flushed += command("flush", object);
      deleted += command("delete", object);
    } else if ((object.kind == "set" && !sets.contains(object.name)) || object.kind == "map" ||
               (object.kind == "counter" && std::find(plan.counters.begin(), plan.counters.end(),
                                                      object.name) == plan.counters.end())) {
      rest += command("delete", object);
    }
  }
  std::string names;
  for (const Chain& chain : plan.chains) {
    if (chain.hooks.empty()) {
      names += fmt::format("rename chain inet weir {}{} {}\n", chain.name, beside, chain.name);
    }
  }
  return flushed + deleted + rest + names;
}

}  // namespace

std::vector<std::string> replace_nft(const Plan& plan, std::string_view listing) {
  const std::vector<NftObject> objects = read_listing(listing).objects;
  if (objects.empty() || std::any_of(objects.begin(), objects.end(), is_left_over)) {
    return {};
  }
  const Plan anew = renamed(plan);
  return {make_beside(anew), switch_hooks(anew, objects), clear_away(plan, objects)};
}

std::string remake_nft(const Plan& plan, std::string_view listing) {
  const auto sets = sets_of(plan);
  std::string flushed;
  std::string deleted;
  std::string rest;
  for (const NftObject& object : read_listing(listing).objects) {
    if (is_chain(object)) {
      flushed += command("flush", object);
      deleted += command("delete", object);
    } else if (!sets.contains(object.name)) {
      rest += command("delete", object);
    }
  }
  return flushed + deleted + rest + print_nft_table(plan);
}

}  // namespace weir::firewall
