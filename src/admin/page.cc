#include "admin/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "account/reason.h"
#include "admin/chart.h"
#include "admin/html.h"
#include "base/log.h"
#include "base/readable.h"

namespace weir {

extern const std::string_view page_html;  // page.html, embedded by CMake

namespace {

// "1 234 567"
std::string count(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) {
    digits.insert(at - 3, "\u202f");  // a narrow space that does not break
  }
  return digits;
}

std::string speed(double bytes_per_second) {
  return bytes_text(static_cast<std::uint64_t>(bytes_per_second)) + "/s";
}

std::string per_second(double number) {
  return number < 10 ? fmt::format("{:.1f}/s", number) : fmt::format("{:.0f}/s", number);
}

std::string plain(double number) { return count(static_cast<std::uint64_t>(number)); }

// The bound below which that part of the flows was; "–" if there were none.
std::string quantile(const Histogram::Sum& sum, double part) {
  const auto all = sum.count();
  if (all == 0) {
    return "–";
  }
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < Histogram::bounded; ++i) {
    below += sum.buckets[i];
    if (static_cast<double>(below) >= part * static_cast<double>(all)) {
      const auto ms = static_cast<double>(Histogram::bound_us(i)) / 1000;
      return "≤ " + (ms < 1 ? fmt::format("{:.1f}ms", ms) : elapsed_text(ms));
    }
  }
  return "> " +
         elapsed_text(static_cast<double>(Histogram::bound_us(Histogram::bounded - 1)) / 1e3);
}

void open_card(std::string& out, std::string_view title, const std::string& remark) {
  out += fmt::format("<section class=\"card\"><h2>{} <small>{}</small></h2>\n", title, remark);
}

void add_header(std::string& out, const StatusReport& status) {
  out += fmt::format(
      "<header><h1>weir <small>{}</small></h1>{}<p>{} · port {} · {} {} · process {} · up for {}"
      "{}</p><span id=\"live\"></span></header>\n",
      html(status.version), status.draining ? pill("", "draining") : pill("good", "serving"),
      html(status.file), status.port, status.workers, status.workers == 1 ? "worker" : "workers",
      status.pid, elapsed_text(static_cast<double>(status.uptime_ms)),
      status.log_level == LogLevel::info
          ? std::string()
          : fmt::format(" · log level {}", name_of(status.log_level)));
}

std::string state_of(const ServerReport& server) {
  if (server.state == "up") {
    return pill("good", "up");
  }
  return pill(server.state == "draining" ? "" : "bad", server.state);
}

// What an operator looks for, before anything else; nothing where all is well.
void add_trouble(std::string& out, const PageFigures& figures) {
  std::string items;
  const auto item = [&](const std::string& what) { items += "<li>" + what + "</li>"; };
  if (!figures.status.firewall.trouble.empty()) {
    item("<b>firewall</b>: " + html(figures.status.firewall.trouble));
  }
  for (const auto& upstream : figures.upstreams) {
    const auto is_up = [](const ServerReport& server) { return server.state == "up"; };
    if (!upstream.servers.empty() &&
        std::none_of(upstream.servers.begin(), upstream.servers.end(), is_up)) {
      item("<b>" + html(upstream.name) + "</b>: no server takes flows");
    }
    for (const auto& server : upstream.servers) {
      if (is_up(server)) {
        continue;
      }
      const std::string since = server.since_ms < 0
                                    ? "since the start"
                                    : "for " + elapsed_text(static_cast<double>(server.since_ms));
      item(fmt::format("<b>{}/{}</b> {} {}{}", html(upstream.name), html(server.name),
                       state_of(server), since,
                       server.why.empty() ? std::string() : ": " + html(server.why)));
    }
  }
  if (!items.empty()) {
    out +=
        "<section class=\"card trouble\"><h2>Needs a look</h2><ul>" + items + "</ul></section>\n";
  }
}

struct Events {
  std::uint64_t losses = 0;
  std::uint64_t others = 0;
};

Events events_in(const StatusReport& status) {
  Events events;
  for (const auto& [reason, number] : status.reasons) {
    (is_second_best(reason) ? events.others : events.losses) += number;
  }
  return events;
}

void add_tiles(std::string& out, const PageFigures& figures) {
  const auto& status = figures.status;
  const auto events = events_in(status);
  const auto tile = [&](const std::string& value, const std::string& text) {
    out += fmt::format("<div class=\"card tile\"><b>{}</b><span>{}</span></div>", value, text);
  };
  out += "<div class=\"row tiles\">";
  tile(count(status.tcp_flows), "live TCP flows of at most " + count(status.max_flows));
  tile(count(status.udp_flows), "live UDP flows of at most " + count(status.max_flows));
  tile(count(status.flows_total), "flows since start");
  tile(bytes_text(status.bytes_up), "from clients to servers");
  tile(bytes_text(status.bytes_down), "from servers to clients");
  tile(count(events.losses), "lost or refused");
  out += "</div>\n";
}

void add_charts(std::string& out, const History& history, History::Window chosen) {
  const auto points = history.points(chosen);
  const auto line = [&](std::string_view style, std::string_view name,
                        double History::Point::*value) {
    ChartLine made{.style = style, .name = name, .values = {}};
    made.values.reserve(points.size());
    for (const auto& point : points) {
      made.values.push_back(point.*value);
    }
    return made;
  };
  const auto& [word, window, interval, max] = History::shape(chosen);
  out += "<nav class=\"windows\">The last";
  for (const History::Window other : History::windows) {
    const auto& shape = History::shape(other);
    out += fmt::format(" <a href=\"/?window={}\"{}>{}</a>", shape.word,
                       other == chosen ? " aria-current=\"true\"" : "", shape.text);
  }
  out += "</nav><div class=\"row\">";
  append_chart(out, {.title = "Traffic",
                     .text = speed,
                     .thousand = 1024,
                     .lines = {line("up", "up", &History::Point::bytes_up),
                               line("down", "down", &History::Point::bytes_down)},
                     .slots = max,
                     .window = window});
  append_chart(out, {.title = "New flows",
                     .text = per_second,
                     .thousand = 1000,
                     .lines = {line("third", "opened", &History::Point::flows_opened)},
                     .slots = max,
                     .window = window});
  append_chart(out, {.title = "Live flows",
                     .text = plain,
                     .thousand = 1000,
                     .lines = {line("up", "TCP", &History::Point::tcp_flows),
                               line("down", "UDP", &History::Point::udp_flows)},
                     .slots = max,
                     .window = window});
  out += "</div>\n";
}

std::string where(const ServerReport& server) {
  std::string addresses;
  for (const auto& address : server.addresses) {
    addresses += (addresses.empty() ? "" : ", ") + address;
  }
  std::string out = html(server.host);
  if (!addresses.empty() && addresses != server.host) {
    out += " <small>" + html(addresses) + "</small>";
  }
  if (server.port != 0) {
    out += " <small>port " + std::to_string(server.port) + "</small>";
  }
  return out;
}

void add_upstreams(std::string& out, const std::vector<UpstreamReport>& upstreams) {
  open_card(out, "Upstreams", "and their servers");
  HtmlTable table(out, {"Upstream", "Host", "State", "Why", "#Flows", "#Since start", "#Failures",
                        "#Connect 95%", "#Up", "#Down"});
  for (const auto& upstream : upstreams) {
    if (upstream.servers.empty() && upstream.flows == 0) {
      continue;  // the built-in ones that no rule names
    }
    const auto up = std::count_if(upstream.servers.begin(), upstream.servers.end(),
                                  [](const ServerReport& server) { return server.state == "up"; });
    table.row("group",
              {html(upstream.name) + " <small>" +
                   (upstream.name == upstream.type ? "built-in" : html(upstream.type)) + "</small>",
               "",
               upstream.servers.empty()
                   ? ""
                   : fmt::format("<small>{} of {} up</small>", up, upstream.servers.size()),
               "", count(upstream.live), count(upstream.flows), "",
               quantile(upstream.latencies.connect, 0.95), bytes_text(upstream.bytes_up),
               bytes_text(upstream.bytes_down)});
    for (const auto& server : upstream.servers) {
      table.row("member", {html(server.name), where(server), state_of(server), html(server.why),
                           count(server.live), count(server.flows), count(server.failures), "",
                           bytes_text(server.bytes_up), bytes_text(server.bytes_down)});
    }
  }
}

void add_rules(std::string& out, const std::vector<RuleReport>& rules) {
  open_card(out, "Rules", "the first that matches decides");
  const bool some_in_firewall =
      std::any_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.in_firewall; });
  std::vector<std::string_view> titles{
      "Rule", "Use", "Where", "#Live", "#Flows", "#First byte 95%", "#Up", "#Down"};
  if (some_in_firewall) {
    titles.insert(titles.end(), {"#Packets in firewall", "#Bytes in firewall"});
  }
  HtmlTable table(out, titles);
  for (const auto& rule : rules) {
    std::vector<std::string> cells{html(rule.name), html(rule.use),
                                   "<small>" + html(rule.location) + "</small>"};
    for (const std::string* note : {&rule.clock_state, &rule.left_to_gateway}) {
      if (!note->empty()) {
        cells[0] += "<br><small>" + html(*note) + "</small>";
      }
    }
    const auto add = [&](bool known, std::string text) {
      cells.push_back(known ? std::move(text) : "–");
    };
    add(!rule.in_firewall, count(rule.live));
    add(!rule.in_firewall, count(rule.flows));
    add(!rule.in_firewall, quantile(rule.latencies.first_byte, 0.95));
    add(!rule.in_firewall, bytes_text(rule.bytes_up));
    add(!rule.in_firewall, bytes_text(rule.bytes_down));
    if (some_in_firewall) {
      add(rule.in_firewall, count(rule.firewall_packets));
      add(rule.in_firewall, bytes_text(rule.firewall_bytes));
    }
    table.row("", cells);
  }
}

void add_clients(std::string& out, const TopTalkers& top_talkers) {
  open_card(out, "Busiest clients", count(top_talkers.clients_total) + " in all");
  if (top_talkers.clients.empty()) {
    out += "<p class=\"none\">No client has a live flow.</p>\n";
    return;
  }
  const bool some_are_known = std::any_of(top_talkers.clients.begin(), top_talkers.clients.end(),
                                          [](const auto& one) { return !one.device.empty(); });
  std::vector<std::string_view> titles{"Client", "#Flows", "#Now", "#Live flows moved"};
  if (some_are_known) {
    titles.insert(titles.begin() + 1, "Device");
  }
  HtmlTable table(out, titles);
  for (const auto& client : top_talkers.clients) {
    std::vector<std::string> cells{html(client.address.text()), count(client.flows),
                                   speed(static_cast<double>(client.bytes_per_second)),
                                   bytes_text(client.bytes)};
    if (some_are_known) {
      cells.insert(cells.begin() + 1, html(client.device));
    }
    table.row("", cells);
  }
}

void add_reasons(std::string& out, const StatusReport& status, std::string_view title,
                 bool second_best) {
  auto reasons = status.reasons;
  std::erase_if(reasons, [&](const auto& one) {
    return one.second == 0 || is_second_best(one.first) != second_best;
  });
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  open_card(out, title, "by reason, since start");
  if (reasons.empty()) {
    out += "<p class=\"none\">None so far.</p>\n";
    return;
  }
  HtmlTable table(out, {"Reason", "#Times"});
  for (const auto& [reason, number] : reasons) {
    table.row("", {html(reason), count(number)});
  }
}

void add_flows(std::string& out, const TopTalkers& top_talkers) {
  open_card(out, "Busiest flows", count(top_talkers.flows_total) + " in all");
  if (top_talkers.flows.empty()) {
    out += "<p class=\"none\">No flow is live.</p>\n";
    return;
  }
  const bool some_have_a_host =
      std::any_of(top_talkers.flows.begin(), top_talkers.flows.end(),
                  [](const auto& one) { return !one.record.host.empty(); });
  std::vector<std::string_view> titles{"Client", "Destination", "Rule",  "Upstream", "Server",
                                       "#Now",   "#Up",         "#Down", "#Age",     "Id"};
  const bool some_are_known =
      std::any_of(top_talkers.flows.begin(), top_talkers.flows.end(),
                  [](const auto& one) { return !one.record.device.empty(); });
  if (some_have_a_host) {
    titles.insert(titles.begin() + 2, "Host");
  }
  if (some_are_known) {
    titles.insert(titles.begin() + 1, "Device");
  }
  HtmlTable table(out, titles);
  for (const auto& [flow, bytes_per_second] : top_talkers.flows) {
    std::vector<std::string> cells{
        std::string(name_of(flow.protocol)) + " " + html(flow.client.text()),
        html(flow.destination.text()),
        html(flow.rule),
        html(flow.upstream + (flow.member.empty() ? "" : "/" + flow.member)),
        html(flow.server.empty() ? flow.server_address : flow.server),
        speed(static_cast<double>(bytes_per_second)),
        bytes_text(flow.bytes_up),
        bytes_text(flow.bytes_down),
        elapsed_text(static_cast<double>(flow.duration_us) / 1000),
        "<small>" + html(flow.id) + "</small>"};
    if (some_have_a_host) {
      cells.insert(cells.begin() + 2, html(flow.host));
    }
    if (some_are_known) {
      cells.insert(cells.begin() + 1, html(flow.device));
    }
    table.row("", cells);
  }
}

}  // namespace

std::string page(const PageFigures& figures) {
  constexpr std::string_view marker = "{{main}}";
  constexpr std::string_view end_card = "</section>\n";
  const auto at = page_html.find(marker);
  std::string out(page_html.substr(0, at));
  out += "<main>\n";
  add_header(out, figures.status);
  add_trouble(out, figures);
  add_tiles(out, figures);
  add_charts(out, figures.history, figures.window);
  add_upstreams(out, figures.upstreams);
  out += end_card;
  add_rules(out, figures.rules);
  out += end_card;
  out += "<div class=\"row wide\">";
  add_clients(out, figures.top_talkers);
  out += end_card;
  add_reasons(out, figures.status, "Lost or refused", false);
  out += end_card;
  add_reasons(out, figures.status, "Went another way", true);
  out += end_card;
  out += "</div>\n";
  add_flows(out, figures.top_talkers);
  out += end_card;
  out += fmt::format(
      "<footer>{} reloads, {} failed · <a href=\"/metrics\">metrics</a> · "
      "<a href=\"/v1/status\">status</a> · <a href=\"/v1/upstreams\">upstreams</a> · "
      "<a href=\"/v1/rules\">rules</a> · <a href=\"/v1/flows\">flows</a> (JSON)"
      "</footer>\n</main>",
      figures.status.reloads, figures.status.reloads_failed);
  out += page_html.substr(at + marker.size());
  return out;
}

}  // namespace weir
