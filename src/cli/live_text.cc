#include "cli/live_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/escape.h"
#include "base/json_reader.h"
#include "base/readable.h"
#include "cli/table.h"

namespace weir {
namespace {

using Align = Table::Align;

std::string text_at(const JsonReader& object, const char* key) { return object.at(key).text(); }

std::uint64_t number_at(const JsonReader& object, const char* key) {
  return object.at(key).number();
}

std::string count_at(const JsonReader& object, const char* key) {
  return std::to_string(number_at(object, key));
}

std::string bytes_at(const JsonReader& object, const char* key) {
  return bytes_text(number_at(object, key));
}

std::string printable(const std::string& text) {
  std::string out;
  append_printable(out, text);
  return out;
}

std::string joined(const JsonReader& list) {
  std::string out;
  for (const JsonReader& item : list.items()) {
    out += (out.empty() ? "" : ", ") + item.text();
  }
  return out;
}

void add_line(std::string& out, const char* key, const std::string& value) {
  out += fmt::format("{:<12}{}\n", key, printable(value));
}

// "3 added: a, b, c"
void add_changes(std::string& out, const char* what, const JsonReader& changes) {
  bool any = false;
  for (const char* kind : {"added", "removed", "changed"}) {
    const std::string list = joined(changes.at(kind));
    if (!list.empty()) {
      out += fmt::format("{} {}: {}\n", what, kind, printable(list));
      any = true;
    }
  }
  if (!any) {
    out += fmt::format("{} unchanged\n", what);
  }
}

// "web", or "web/proxy" of a group whose member took the flow.
std::string upstream_of(const JsonReader& flow) {
  const std::string member = text_at(flow, "member");
  return text_at(flow, "upstream") + (member.empty() ? "" : "/" + member);
}

}  // namespace

Result<std::string> described(std::string_view text,
                              const std::function<std::string(const JsonReader&)>& describe) {
  const auto answer = parse_json(text);
  std::string mismatch = answer ? "" : answer.error().text();
  std::string out = answer ? describe(JsonReader(answer.value(), mismatch)) : "";
  if (!mismatch.empty()) {
    return Error("the gateway's answer cannot be read: " + mismatch);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    append_printable(out, text.substr(0, end));
    out += '\n';
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

Result<std::string> status_text(std::string_view json) {
  return described(json, [](const JsonReader& status) {
    std::string out;
    add_line(out, "version", text_at(status, "version"));
    add_line(out, "file", text_at(status, "file"));
    add_line(out, "process",
             count_at(status, "pid") + ", " + count_at(status, "workers") +
                 (number_at(status, "workers") == 1 ? " worker" : " workers"));
    add_line(out, "up for", elapsed_text(status.at("uptime_ms").real()));
    add_line(out, "state", status.at("draining").boolean() ? "draining" : "serving");
    add_line(out, "port", count_at(status, "port"));
    add_line(out, "log level", text_at(status, "log_level"));
    add_line(out, "flows",
             fmt::format("{} TCP, {} UDP live (at most {}); {} since start",
                         number_at(status, "tcp_flows"), number_at(status, "udp_flows"),
                         number_at(status, "max_flows"), number_at(status, "flows_total")));
    add_line(out, "bytes",
             bytes_at(status, "bytes_up") + " up, " + bytes_at(status, "bytes_down") + " down");
    add_line(out, "reloads",
             count_at(status, "reloads") + ", " + count_at(status, "reloads_failed") + " failed");
    if (const auto firewall = status.find("firewall")) {
      const auto kept = firewall->find("kept");
      const std::string trouble = text_at(*firewall, "trouble");
      add_line(
          out, "firewall",
          fmt::format(
              "{}, put back {} times{}{}{}", text_at(*firewall, "backend"),
              number_at(*firewall, "repairs"), trouble.empty() ? "" : ": ", trouble,
              !kept || kept->boolean() ? "" : "; no longer kept, by 'firewall remove --force'"));
      if (const auto outside = firewall->find("outside")) {
        for (const JsonReader& name : outside->items()) {
          add_line(out, "outside",
                   name.text() + ": carries a default route, no client comes in there");
        }
      }
    }
    for (const auto& [reason, count] : status.at("events").members()) {
      if (count.number() > 0) {
        out += fmt::format("  {:<28}{}\n", printable(reason), count.number());
      }
    }
    return out;
  });
}

namespace {

// A column that stands there where some flow has something for it.
struct RareColumn {
  const char* title;
  const char* key;
  std::ptrdiff_t place;
};

// The last first: what is inserted moves only what stands behind it.
std::vector<RareColumn> rare_columns(const std::vector<JsonReader>& flows) {
  std::vector<RareColumn> out{{"HOST", "host", 4}, {"DEVICE", "device", 3}};
  std::erase_if(out, [&](const RareColumn& column) {
    return std::none_of(flows.begin(), flows.end(), [&](const JsonReader& flow) {
      return flow.find(column.key) && !text_at(flow, column.key).empty();
    });
  });
  return out;
}

}  // namespace

Result<std::string> flows_text(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    const auto flows = answer.at("flows").items();
    const auto rare = rare_columns(flows);
    std::vector<Table::Column> columns{{"ID"},
                                       {"PROTO"},
                                       {"CLIENT"},
                                       {"DESTINATION"},
                                       {"RULE"},
                                       {"UPSTREAM"},
                                       {"SERVER"},
                                       {"UP", Align::right},
                                       {"DOWN", Align::right},
                                       {"AGE", Align::right}};
    for (const RareColumn& column : rare) {
      columns.insert(columns.begin() + column.place, {column.title});
    }
    Table table(std::move(columns));
    for (const JsonReader& flow : flows) {
      const auto server = text_at(flow, "server");
      std::vector<std::string> cells{text_at(flow, "id"),
                                     text_at(flow, "protocol"),
                                     text_at(flow, "client"),
                                     text_at(flow, "destination"),
                                     text_at(flow, "rule"),
                                     upstream_of(flow),
                                     server.empty() ? text_at(flow, "server_address") : server,
                                     bytes_at(flow, "bytes_up"),
                                     bytes_at(flow, "bytes_down"),
                                     elapsed_text(flow.at("duration_ms").real())};
      for (const RareColumn& column : rare) {
        cells.insert(cells.begin() + column.place,
                     flow.find(column.key) ? text_at(flow, column.key) : "");
      }
      table.row(std::move(cells));
    }
    const auto total = number_at(answer, "total");
    std::string out = flows.empty() ? "" : table.text();
    out += flows.size() == total ? fmt::format("{} flows\n", total)
                                 : fmt::format("{} of {} flows\n", flows.size(), total);
    return out;
  });
}

namespace {

// "web1, web2" of a group; the checksum of a table that other gateways should have, too.
std::string group_or_checksum(const JsonReader& upstream) {
  const auto checksum = upstream.at("checksum");
  return checksum.is_null() ? joined(upstream.at("members")) : "table " + checksum.text();
}

// " (3m ago)" behind addresses that the resolver could not refresh for a minute and more.
std::string age_text(const JsonReader& server) {
  constexpr std::uint64_t worth_telling = 60'000;
  const auto age = server.at("resolved_ms_ago");
  return age.is_null() || age.number() < worth_telling
             ? ""
             : " (resolved " + elapsed_text(age.real()) + " ago)";
}

// "3 servers (resolved 3m ago)" of a service's records.
std::string records_text(const JsonReader& service) {
  return service.at("resolved_ms_ago").is_null()
             ? "no records yet"
             : count_at(service, "targets") + " servers" + age_text(service);
}

// "down for 3m (0.4 ms)": the time that the last check took. The reason stands below the table.
std::string state_text(const JsonReader& server) {
  std::string out = text_at(server, "state");
  if (const auto since = server.at("since_ms"); !since.is_null()) {
    out += " for " + elapsed_text(since.real());
  }
  if (const auto check = server.at("check_ms"); !check.is_null()) {
    out += fmt::format(" ({:.1f} ms)", check.real());
  }
  return printable(out);
}

}  // namespace

Result<std::string> upstreams_text(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    Table table({{"UPSTREAM"},
                 {"TYPE"},
                 {"SERVER"},
                 {"ADDRESSES"},
                 {"STATE"},
                 {"WEIGHT", Align::right},
                 {"FLOWS", Align::right},
                 {"TOTAL", Align::right},
                 {"FAILURES", Align::right},
                 {"UP", Align::right},
                 {"DOWN", Align::right}});
    std::string reasons;
    for (const JsonReader& upstream : answer.at("upstreams").items()) {
      const auto name = text_at(upstream, "name");
      const auto type = text_at(upstream, "type");
      table.row({name, type, "", group_or_checksum(upstream), "", "", count_at(upstream, "flows"),
                 count_at(upstream, "flows_total"), "", bytes_at(upstream, "bytes_up"),
                 bytes_at(upstream, "bytes_down")});
      for (const JsonReader& service : upstream.at("services").items()) {
        table.row({name, type, "srv:" + text_at(service, "name"), records_text(service), "", "", "",
                   "", "", "", ""});
      }
      for (const JsonReader& server : upstream.at("servers").items()) {
        const auto port = server.at("port");
        const auto addresses = joined(server.at("addresses"));
        table.row({name, type, text_at(server, "name"),
                   (addresses.empty() ? text_at(server, "host") + " (not resolved)" : addresses) +
                       (port.is_null() ? "" : " port " + std::to_string(port.number())) +
                       age_text(server),
                   state_text(server),
                   count_at(server, "weight") + (server.at("backup").boolean() ? " backup" : ""),
                   count_at(server, "flows"), count_at(server, "flows_total"),
                   count_at(server, "failures_total"), bytes_at(server, "bytes_up"),
                   bytes_at(server, "bytes_down")});
        if (const auto why = text_at(server, "why"); !why.empty()) {
          reasons += printable(fmt::format("{}/{} is {}: {}", name, text_at(server, "name"),
                                           text_at(server, "state"), why)) +
                     '\n';
        }
      }
    }
    return table.text() + reasons;
  });
}

Result<std::string> rules_text(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    const auto rules = answer.at("rules").items();
    const bool some_have_windows =
        std::any_of(rules.begin(), rules.end(),
                    [](const JsonReader& rule) { return !rule.at("when").text().empty(); });
    std::vector<Table::Column> columns{{"RULE"},
                                       {"USE"},
                                       {"WHERE"},
                                       {"FLOWS", Align::right},
                                       {"TOTAL", Align::right},
                                       {"UP", Align::right},
                                       {"DOWN", Align::right},
                                       {"DECIDED BY"}};
    if (some_have_windows) {
      columns.push_back({"WHEN"});
    }
    Table table(std::move(columns));
    std::string notes;
    for (const JsonReader& rule : rules) {
      if (const auto changed = text_at(rule, "changed_sets"); !changed.empty()) {
        notes += fmt::format("rule {}: {}; weir sets shows what and until when\n",
                             text_at(rule, "name"), changed);
      }
      const bool in_firewall = rule.at("in_firewall").boolean();
      std::vector<std::string> row{
          text_at(rule, "name"),
          text_at(rule, "use"),
          text_at(rule, "place"),
          count_at(rule, "flows"),
          count_at(rule, "flows_total"),
          bytes_at(rule, "bytes_up"),
          bytes_at(rule, "bytes_down"),
          in_firewall ? fmt::format("firewall: {} packets, {}", number_at(rule, "firewall_packets"),
                                    bytes_at(rule, "firewall_bytes"))
                      : "gateway"};
      if (some_have_windows) {
        row.push_back(text_at(rule, "when"));
      }
      table.row(std::move(row));
      if (const auto why = text_at(rule, "left_to_gateway"); !why.empty()) {
        notes += text_at(rule, "name") + ": " + why + '\n';
      }
    }
    return table.text() + printable_lines(notes);
  });
}

Result<std::string> reload_text(std::string_view json) {
  return described(json, [](const JsonReader& report) {
    std::string out;
    for (const JsonReader& warning : report.at("warnings").items()) {
      out += printable(warning.text()) + '\n';
    }
    add_changes(out, "rules", report.at("rules"));
    add_changes(out, "servers", report.at("servers"));
    const auto list = report.find("settings");
    const std::string settings = list ? joined(*list) : "";
    out += settings.empty() ? "settings unchanged\n"
                            : "settings changed: " + printable(settings) + '\n';
    out += fmt::format("{} flows kept, {} of them would match another rule now\n",
                       number_at(report, "flows_kept"),
                       number_at(report, "flows_now_matching_another_rule"));
    return out;
  });
}

Result<std::string> close_text(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    return fmt::format("closed {}\n", printable(text_at(answer, "id")));
  });
}

Result<std::string> drain_text(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    return fmt::format(
        "draining: no new flows; {} TCP and {} UDP flows may finish, then weir ends\n",
        number_at(answer, "tcp_flows"), number_at(answer, "udp_flows"));
  });
}

Result<std::string> server_text(std::string_view json, const std::string& upstream) {
  return described(json, [&](const JsonReader& server) {
    const std::string why = text_at(server, "why");
    return printable(fmt::format("{}/{} is {}{}; weight {}, {} live flows", upstream,
                                 text_at(server, "name"), text_at(server, "state"),
                                 why.empty() ? "" : ": " + why, number_at(server, "weight"),
                                 number_at(server, "flows"))) +
           '\n';
  });
}

Result<std::string> log_level_text(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    return fmt::format("log level is {} until the next reload\n",
                       printable(text_at(answer, "level")));
  });
}

namespace {

// What stands under `key` in each object, one a line.
std::string lines_of(const JsonReader& objects, const char* key) {
  std::string out;
  for (const JsonReader& object : objects.items()) {
    out += printable(text_at(object, key)) + '\n';
  }
  return out;
}

}  // namespace

Result<std::string> rule_names(std::string_view json) {
  return described(json,
                   [](const JsonReader& answer) { return lines_of(answer.at("rules"), "name"); });
}

Result<std::string> upstream_names(std::string_view json) {
  return described(
      json, [](const JsonReader& answer) { return lines_of(answer.at("upstreams"), "name"); });
}

Result<std::string> server_names(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    std::string out;
    for (const JsonReader& upstream : answer.at("upstreams").items()) {
      out += lines_of(upstream.at("servers"), "name");
    }
    return out;
  });
}

Result<std::string> flow_ids(std::string_view json) {
  return described(json,
                   [](const JsonReader& answer) { return lines_of(answer.at("flows"), "id"); });
}

std::vector<std::string> errors_in(std::string_view json, long status) {
  const Json answer = json_or_null(json);
  std::vector<std::string> out;
  if (const Json* errors = answer.find("errors")) {
    for (const Json& error : errors->items()) {
      if (const auto text = error.text()) {
        out.emplace_back(*text);
      }
    }
  }
  if (out.empty()) {
    out.push_back(fmt::format("the gateway answered with HTTP status {}", status));
  }
  return out;
}

}  // namespace weir
