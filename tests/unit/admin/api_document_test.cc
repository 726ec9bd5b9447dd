// docs/api.md names every key and every metric that the gateway answers with.
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "admin/fake_control.h"
#include "admin/json.h"
#include "admin/metrics.h"
#include "catch.h"
#include "source_tree.h"

namespace weir {
namespace {

std::string document() {
  std::ifstream file(source_tree() / "docs" / "api.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Reasons are in docs/events.md.
void collect_keys(const nlohmann::json& from, std::set<std::string>& keys) {
  if (from.is_object()) {
    for (const auto& [key, value] : from.items()) {
      keys.insert(key);
      if (key != "events") {
        collect_keys(value, keys);
      }
    }
  }
  if (from.is_array()) {
    for (const auto& item : from) {
      collect_keys(item, keys);
    }
  }
}

FlowList one_flow() {
  FlowList out;
  out.flows.emplace_back().live = true;
  out.total = 1;
  return out;
}

TopTalkers one_of_each() {
  TopTalkers out;
  out.clients.emplace_back();
  out.flows.emplace_back().record.live = true;
  return out;
}

}  // namespace

TEST_CASE("docs/api.md names every key of every answer") {
  FakeControl control;
  StatusReport status = control.status();
  status.firewall.backend = "nft";
  auto upstreams = control.upstreams();
  upstreams[0].services.emplace_back();
  ReloadReport reload;
  reload.ok = true;
  std::set<std::string> keys;
  for (const std::string& answer :
       {json_of(status), json_of(FakeControl::made_up_rules()), json_of(upstreams),
        json_of(one_flow()), json_of(one_of_each()), json_of(reload), json_of_errors({"a problem"}),
        json_of(control.sets().list(), SetContent::shown), json_of(SetOutcome{})}) {
    collect_keys(nlohmann::json::parse(answer), keys);
  }
  CHECK(keys.size() > 60);
  const std::string text = document();
  for (const std::string& key : keys) {
    INFO(key);
    // In a list of keys, or in an example.
    CHECK((text.find("`" + key + "`") != std::string::npos ||
           text.find("\"" + key + "\"") != std::string::npos));
  }
}

TEST_CASE("docs/api.md names every metric") {
  FakeControl control;
  StatusReport status = control.status();
  status.firewall.backend = "nft";
  std::istringstream lines(metrics_text({.status = status,
                                         .rules = FakeControl::made_up_rules(),
                                         .upstreams = control.upstreams(),
                                         .workers = control.workers(),
                                         .process = {}}));
  const std::string text = document();
  int metrics = 0;
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view type = "# TYPE ";
    if (!line.starts_with(type)) {
      continue;
    }
    std::string name = line.substr(type.size());
    name.resize(name.find(' '));
    INFO(name);
    // Those of upstreams and servers are said with those of rules.
    std::string of_rules = name;
    for (const std::string_view of : {"weir_upstream_", "weir_server_"}) {
      if (of_rules.starts_with(of)) {
        of_rules.replace(0, of.size(), "weir_rule_");
      }
    }
    const auto is_named = [&](const std::string& one) {
      return text.find("`" + one + "`") != std::string::npos ||
             text.find("`" + one + "{") != std::string::npos;
    };
    CHECK((is_named(name) || is_named(of_rules)));
    ++metrics;
  }
  CHECK(metrics > 30);
}

}  // namespace weir
