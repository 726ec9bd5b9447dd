// nft's JSON (libnftables-json(5)) to filters, one a family of tables: sets and maps are looked up
// by name, a verdict map becomes a step for each of its elements.
#include <array>
#include <optional>

#include "doctor/filter.h"
#include "doctor/nft_json.h"
#include "doctor/nft_match.h"

namespace weir::doctor {

namespace {

// Reads one listing: its sets and maps by name, and its rules.
class NftReader {
 public:
  explicit NftReader(const Json& listing) {
    const Json* entries = listing.find("nftables");
    if (entries == nullptr) {
      return;
    }
    for (const Json& entry : entries->items()) {
      for (const char* kind : {"set", "map"}) {
        const Json* set = entry.find(kind);
        const Json* elements = set != nullptr ? set->find("elem") : nullptr;
        if (set != nullptr) {
          sets_[path(*set, text(*set, "name"))] =
              elements != nullptr ? *elements : Json(Json::Kind::array);
        }
      }
    }
    for (const Json& entry : entries->items()) {
      if (const Json* chain = entry.find("chain")) {
        add_chain(*chain);
      } else if (const Json* rule = entry.find("rule")) {
        add_rule(*rule);
      }
    }
  }
  std::vector<Filter> filters() && {
    std::vector<Filter> all;
    for (auto& [family, filter] : filters_) {
      all.push_back(std::move(filter));
    }
    return all;
  }

 private:
  static std::string path(const Json& thing, const std::string& name) {
    return text(thing, "family") + " " + text(thing, "table") + " " + name;
  }

  Filter* filter_for(const Json& thing) {
    const std::string family = text(thing, "family");
    const bool own = family == "inet" && text(thing, "table") == "weir";
    if (own || (family != "inet" && family != "ip" && family != "ip6")) {
      return nullptr;
    }
    Filter& filter = filters_[family];
    filter.tool = "nft";
    if (filter.families.empty()) {
      if (family != "ip6") {
        filter.families.push_back(Family::v4);
      }
      if (family != "ip") {
        filter.families.push_back(Family::v6);
      }
    }
    return &filter;
  }

  void add_chain(const Json& chain) {
    Filter* filter = filter_for(chain);
    if (filter == nullptr) {
      return;
    }
    const std::string name = path(chain, text(chain, "name"));
    filter->chains[name];
    const Json* priority = chain.find("prio");
    if (text(chain, "type") == "filter") {
      filter->bases.push_back(
          {text(chain, "hook"), name,
           priority != nullptr ? static_cast<int>(priority->integer().value_or(0)) : 0,
           text(chain, "policy") == "drop"});
    }
  }

  void add_rule(const Json& rule) {
    Filter* filter = filter_for(rule);
    const Json* expressions = rule.find("expr");
    if (filter == nullptr || expressions == nullptr) {
      return;
    }
    Step step;
    step.chain = path(rule, text(rule, "chain"));
    const Json* handle = rule.find("handle");
    step.handle = handle != nullptr ? handle->natural().value_or(0) : 0;
    auto& steps = filter->chains[step.chain];
    for (const Json& expression : expressions->items()) {
      if (const Json* map = expression.find("vmap")) {
        add_map(steps, step, rule, *map);
      } else {
        add(step, rule, expression);
      }
    }
    if (step.act != Act::nothing) {
      steps.push_back(std::move(step));
    }
  }

  static void add_verdict(Step& step, const Json& rule, const Json& expression) {
    for (const auto& [word, act] : {std::pair{"accept", Act::accept},
                                    {"drop", Act::refuse},
                                    {"reject", Act::refuse},
                                    {"return", Act::leave},
                                    {"queue", Act::unknown}}) {
      if (expression.find(word) != nullptr) {
        step.act = act;
      }
    }
    for (const auto& [word, act] : {std::pair{"jump", Act::jump}, {"goto", Act::go_to}}) {
      if (const Json* to = expression.find(word)) {
        step.act = act;
        step.target = path(rule, text(*to, "target"));
      }
    }
  }

  void add(Step& step, const Json& rule, const Json& expression) {
    if (const Json* match = expression.find("match")) {
      const Json* left = match->find("left");
      const Json* right = match->find("right");
      const auto elements =
          left != nullptr && right != nullptr ? elements_of(rule, *right) : std::nullopt;
      step.conditions.push_back(elements ? condition_of(*left, text(*match, "op"), *elements)
                                         : Condition([](const Probe&) { return Answer::unknown; }));
      return;
    }
    add_verdict(step, rule, expression);
    const Json* mangle = expression.find("mangle");
    const Json* key = mangle != nullptr ? mangle->find("key") : nullptr;
    const Json* what = key != nullptr ? key->find("meta") : nullptr;
    if (what != nullptr && text(*what, "key") == "mark") {
      step.act = Act::remark;
    }
    // These let some packets pass and stop others.
    for (const char* word : {"limit", "quota", "ct count", "meter", "xt"}) {
      if (expression.find(word) != nullptr) {
        step.conditions.emplace_back([](const Probe&) { return Answer::unknown; });
      }
    }
    if (const Json* xt = expression.find("xt");
        xt != nullptr && text(*xt, "type") == "target" && step.act == Act::nothing) {
      step.act = Act::unknown;
    }
  }

  // One step for each of a verdict map's elements; what they have in common is in `so_far`.
  void add_map(std::vector<Step>& steps, const Step& so_far, const Json& rule, const Json& map) {
    const Json* key = map.find("key");
    const Json* data = map.find("data");
    const auto elements =
        key != nullptr && data != nullptr ? elements_of(rule, *data) : std::nullopt;
    if (!elements) {
      Step step = so_far;
      step.act = Act::unknown;
      steps.push_back(std::move(step));
      return;
    }
    for (const Json& element : *elements) {
      const auto pair = element.items();
      if (pair.size() != 2) {
        continue;
      }
      Step step = so_far;
      step.conditions.push_back(condition_of(*key, "==", {value_of(pair.front())}));
      add_verdict(step, rule, pair.back());
      steps.push_back(std::move(step));
    }
  }

  static Json value_of(const Json& element) {
    const Json* wrapped = element.find("elem");
    const Json* value = wrapped != nullptr ? wrapped->find("val") : nullptr;
    return value != nullptr ? *value : element;
  }

  // What stands on a match's right: one value, several, or the name of a set.
  [[nodiscard]] std::optional<std::vector<Json>> elements_of(const Json& rule,
                                                             const Json& right) const {
    const Json* list = &right;
    if (const Json* set = right.find("set"); set != nullptr) {
      list = set;
    } else if (right.text().value_or("").starts_with('@')) {
      const auto found = sets_.find(path(rule, std::string(right.text()->substr(1))));
      if (found == sets_.end()) {
        return std::nullopt;
      }
      list = &found->second;
    }
    std::vector<Json> all;
    if (list->kind() == Json::Kind::array) {
      for (const Json& element : list->items()) {
        all.push_back(value_of(element));
      }
    } else {
      all.push_back(*list);
    }
    return all;
  }

  std::map<std::string, Json> sets_;
  std::map<std::string, Filter> filters_;
};

}  // namespace

std::vector<Filter> filters_of_nft(const Json& listing) { return NftReader(listing).filters(); }

}  // namespace weir::doctor
