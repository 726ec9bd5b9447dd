#include "admin/metrics.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "admin/fake_control.h"
#include "catch.h"

namespace weir {
namespace {

std::string sample_text() {
  FakeControl control;
  return metrics_text({.status = control.status(),
                       .rules = FakeControl::made_up_rules(),
                       .upstreams = control.upstreams(),
                       .workers = control.workers(),
                       .process = {.cpu_seconds = 1.5,
                                   .resident_bytes = 4096,
                                   .max_descriptors = 1024,
                                   .descriptors = 12}});
}

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("figures of gateway, rules, upstreams and servers are there under their labels") {
  const auto text = sample_text();
  CHECK(has_line(text, R"(weir_build_info{version="1.2.3"} 1)"));
  CHECK(has_line(text, R"(weir_flows{protocol="tcp"} 3)"));
  CHECK(has_line(text, "weir_flows_total 70"));
  CHECK(has_line(text, "weir_learnt_names 11"));
  CHECK(has_line(text, R"(weir_bytes_total{direction="down"} 5000000000)"));
  CHECK(has_line(text, R"(weir_events_total{reason="loop"} 0)"));
  CHECK(has_line(text, R"(weir_reloads_total{result="failed"} 1)"));
  CHECK(has_line(text, R"(weir_rule_bytes_total{rule="web",direction="up"} 10)"));
  CHECK(has_line(text, R"(weir_upstream_flows_total{upstream="pool"} 9)"));
  CHECK(has_line(text, R"(weir_server_failures_total{upstream="pool",server="web1"} 3)"));
  CHECK(has_line(text, "weir_uptime_seconds 61.5"));
  CHECK(has_line(text, "weir_process_cpu_seconds_total 1.5"));
}

TEST_CASE("a histogram's buckets count what came before them, too, in seconds") {
  const auto text = sample_text();
  const std::string pool = R"(weir_upstream_connect_seconds_bucket{upstream="pool",le=)";
  CHECK(has_line(text, pool + R"("0.0004"} 0)"));
  CHECK(has_line(text, pool + R"("0.0008"} 4)"));
  CHECK(has_line(text, pool + R"("13.1072"} 4)"));
  CHECK(has_line(text, pool + R"("+Inf"} 5)"));
  CHECK(has_line(text, R"(weir_upstream_connect_seconds_sum{upstream="pool"} 20.002)"));
  CHECK(has_line(text, R"(weir_upstream_connect_seconds_count{upstream="pool"} 5)"));
  CHECK(has_line(text, R"(weir_worker_turn_seconds_bucket{worker="0",le="0.0004"} 7)"));
  CHECK(has_line(text, R"(weir_worker_longest_turn_seconds{worker="0"} 0.00039)"));
  CHECK(has_line(text, R"(weir_worker_bulk_directions{worker="0"} 7)"));
  CHECK(has_line(text, R"(weir_worker_longest_reload_seconds{worker="0"} 4.5e-05)"));
  CHECK(has_line(text, R"(weir_upstream_datagrams_total{upstream="pool",direction="up"} 12)"));
}

TEST_CASE("a label's quotes, backslashes and line breaks are escaped") {
  CHECK(has_line(sample_text(), R"(weir_rule_firewall_packets_total{rule="o\"d\\d\n"} 6)"));
}

TEST_CASE("every sample follows its family's HELP and TYPE, and only counters end in _total") {
  std::istringstream lines(sample_text());
  std::map<std::string, std::string> types;
  std::set<std::string> helped;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    std::string name;
    std::string type;
    words >> first >> second >> name >> type;
    if (first == "#" && second == "HELP") {
      CHECK(helped.insert(name).second);
      CHECK_FALSE(type.empty());
      family = name;
    } else if (first == "#") {
      CHECK(second == "TYPE");
      CHECK(name == family);
      types[name] = type;
      CHECK((type == "counter") == name.ends_with("_total"));
    } else {
      auto series = line.substr(0, line.find_first_of("{ "));
      if (types[family] == "histogram") {
        const auto suffix = series.rfind('_');
        CHECK(std::set<std::string>{"_bucket", "_sum", "_count"}.contains(series.substr(suffix)));
        series.erase(suffix);
      }
      CHECK(series == family);
      CHECK(family.starts_with("weir_"));
      CHECK(types.contains(family));
    }
  }
  CHECK(helped.size() > 20);
}

TEST_CASE("the kernel tells this process's own figures") {
  const auto figures = process_figures();
  CHECK(figures.resident_bytes > 100'000);
  CHECK(figures.max_descriptors > 0);
}

}  // namespace
}  // namespace weir
