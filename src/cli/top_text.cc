#include "cli/top_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/readable.h"
#include "cli/table.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;
using Align = Table::Align;

std::uint64_t number(const Json& object, const char* key) {
  return object.at(key).get<std::uint64_t>();
}

std::string text(const Json& object, const char* key) { return object.at(key).get<std::string>(); }

// Of a counter of the status, per second; 0 at first, and after a restart of the gateway.
double rate(const Json& now, const Json* before, const char* key) {
  if (before == nullptr || number(now, "pid") != number(*before, "pid")) {
    return 0;
  }
  const double seconds =
      (now.at("uptime_ms").get<double>() - before->at("uptime_ms").get<double>()) / 1000;
  const double moved = now.at(key).get<double>() - before->at(key).get<double>();
  return seconds <= 0 ? 0 : moved / seconds;
}

std::string speed(double bytes_per_second) {
  return bytes_text(static_cast<std::uint64_t>(std::max(bytes_per_second, 0.0))) + "/s";
}

void add_lines(std::vector<std::string>& out, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out.push_back(line);
  }
}

void add_head(std::vector<std::string>& out, const Json& status, const Json* before) {
  std::uint64_t events = 0;
  for (const auto& [reason, times] : status.at("events").items()) {
    events += times.get<std::uint64_t>();
  }
  out.push_back(fmt::format("weir {}  {}  up for {}", text(status, "version"),
                            status.at("draining").get<bool>() ? "DRAINING" : "serving",
                            elapsed_text(status.at("uptime_ms").get<double>())));
  out.push_back(
      fmt::format("flows {} TCP  {} UDP  (at most {})  {:.1f} new/s  {} drops and refusals",
                  number(status, "tcp_flows"), number(status, "udp_flows"),
                  number(status, "max_flows"), rate(status, before, "flows_total"), events));
  out.push_back("traffic " + speed(rate(status, before, "bytes_up")) + " up  " +
                speed(rate(status, before, "bytes_down")) + " down");
}

std::string upstream_table(const Json& answer) {
  Table table({{"UPSTREAM"},
               {"SERVER"},
               {"STATE"},
               {"FLOWS", Align::right},
               {"TOTAL", Align::right},
               {"FAILURES", Align::right},
               {"UP", Align::right},
               {"DOWN", Align::right}});
  const auto add = [&](const Json& row, const std::string& upstream, const std::string& server,
                       const std::string& state, const std::string& failures) {
    table.row({upstream, server, state, std::to_string(number(row, "flows")),
               std::to_string(number(row, "flows_total")), failures,
               bytes_text(number(row, "bytes_up")), bytes_text(number(row, "bytes_down"))});
  };
  for (const auto& upstream : answer.at("upstreams")) {
    const auto name = text(upstream, "name");
    add(upstream, name, "", "", "");
    for (const auto& server : upstream.at("servers")) {
      add(server, name, text(server, "name"), text(server, "state"),
          std::to_string(number(server, "failures_total")));
    }
  }
  return table.text();
}

std::string flow_table(const Json& answer) {
  Table table({{"NOW", Align::right},
               {"CLIENT"},
               {"DESTINATION"},
               {"RULE"},
               {"UPSTREAM"},
               {"UP", Align::right},
               {"DOWN", Align::right},
               {"AGE", Align::right},
               {"ID"}});
  for (const auto& flow : answer.at("flows")) {
    table.row({speed(flow.at("bytes_per_second").get<double>()),
               text(flow, "protocol") + " " + text(flow, "client"), text(flow, "destination"),
               text(flow, "rule"), text(flow, "upstream"), bytes_text(number(flow, "bytes_up")),
               bytes_text(number(flow, "bytes_down")),
               elapsed_text(flow.at("duration_ms").get<double>()), text(flow, "id")});
  }
  return table.text();
}

}  // namespace

std::string first_characters(const std::string& text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<std::uint8_t>(text[at]) & 0xc0U) != 0x80;
    if (begins && count-- == 0) {
      break;
    }
  }
  return text.substr(0, at);
}

Result<std::vector<std::string>> top_lines(const TopLook& look, const TopLook* before,
                                           Screen screen) {
  try {
    std::vector<std::string> out;
    const auto status = Json::parse(look.status);
    const auto earlier = before == nullptr ? Json() : Json::parse(before->status);
    add_head(out, status, before == nullptr ? nullptr : &earlier);
    out.emplace_back();
    std::vector<std::string> upstreams;
    add_lines(upstreams, upstream_table(Json::parse(look.upstreams)));
    std::vector<std::string> flows;
    add_lines(flows, flow_table(Json::parse(look.busiest)));
    // Upstreams may take what the flows leave, and at least half.
    const auto room = screen.height - std::min(screen.height, out.size() + 1);
    const auto shown =
        std::min(upstreams.size(), std::max(room / 2, room - std::min(room, flows.size())));
    upstreams.resize(shown);
    out.insert(out.end(), upstreams.begin(), upstreams.end());
    out.emplace_back();
    out.insert(out.end(), flows.begin(), flows.end());
    out.resize(std::min(out.size(), screen.height));
    for (auto& line : out) {
      line = first_characters(line, screen.width);
    }
    return out;
  } catch (const Json::exception& error) {
    return Error(std::string("the gateway's answer makes no sense here: ") + error.what());
  }
}

}  // namespace weir
