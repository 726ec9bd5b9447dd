#include "cli/top_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "account/reason.h"
#include "base/escape.h"
#include "base/json_reader.h"
#include "base/readable.h"

namespace weir {
namespace {

std::uint64_t number(const JsonReader& object, const char* key) { return object.at(key).number(); }

std::string text(const JsonReader& object, const char* key) { return object.at(key).text(); }

// Of a counter of the status, per second; 0 at first, and after a restart of the gateway.
double rate(const JsonReader& now, const JsonReader* before, const char* key) {
  if (before == nullptr || number(now, "pid") != number(*before, "pid")) {
    return 0;
  }
  const double seconds = (now.at("uptime_ms").real() - before->at("uptime_ms").real()) / 1000;
  const double moved = now.at(key).real() - before->at(key).real();
  return seconds <= 0 ? 0 : moved / seconds;
}

std::string speed(double bytes_per_second) {
  return bytes_text(static_cast<std::uint64_t>(std::max(bytes_per_second, 0.0))) + "/s";
}

ScreenLine plain(std::string line) { return {{std::move(line), Tone::plain}}; }

// As much of a name as comes from the configuration or the network, made printable.
Run cell(const std::string& value, Tone tone = Tone::plain) {
  std::string printable;
  append_printable(printable, value);
  return {std::move(printable), tone};
}

Run amount(const JsonReader& row, const char* key) { return {bytes_text(number(row, key))}; }

Tone tone_of(const std::string& state) {
  return state == "up" ? Tone::good : state == "draining" ? Tone::warning : Tone::bad;
}

// Events by which something was lost, and those that were only done in another way.
std::pair<std::uint64_t, std::uint64_t> losses_and_others(const JsonReader& events) {
  std::uint64_t losses = 0;
  std::uint64_t others = 0;
  for (const auto& [reason, times] : events.members()) {
    (is_second_best(reason) ? others : losses) += times.number();
  }
  return {losses, others};
}

// → how many servers there are, and how many of them take flows.
std::pair<std::size_t, std::size_t> servers_in(const JsonReader& upstreams) {
  std::size_t all = 0;
  std::size_t up = 0;
  for (const JsonReader& upstream : upstreams.at("upstreams").items()) {
    for (const JsonReader& server : upstream.at("servers").items()) {
      ++all;
      up += text(server, "state") == "up" ? 1U : 0U;
    }
  }
  return {all, up};
}

std::vector<ScreenLine> head_of(const JsonReader& status, const JsonReader* before,
                                const JsonReader& upstreams) {
  const auto [losses, others] = losses_and_others(status.at("events"));
  const auto [servers, up] = servers_in(upstreams);
  const bool drains = status.at("draining").boolean();
  ScreenLine first{{"weir " + text(status, "version") + "  ", Tone::head},
                   {drains ? "draining" : "serving", drains ? Tone::warning : Tone::good},
                   {"  up for " + elapsed_text(status.at("uptime_ms").real())}};
  if (servers != 0) {
    first.push_back({"  "});
    first.push_back(
        {fmt::format("{} of {} servers up", up, servers), up == servers ? Tone::plain : Tone::bad});
  }
  ScreenLine third{
      {"traffic " + speed(rate(status, before, "bytes_up")) + " up  " +
       speed(rate(status, before, "bytes_down")) + " down  "},
      {fmt::format("{} lost or refused", losses), losses != 0 ? Tone::warning : Tone::plain},
      {fmt::format("  {} went another way", others)}};
  return {std::move(first),
          plain(fmt::format("flows {} TCP  {} UDP  (at most {} each)  {:.1f} new/s",
                            number(status, "tcp_flows"), number(status, "udp_flows"),
                            number(status, "max_flows"), rate(status, before, "flows_total"))),
          std::move(third)};
}

bool row_is_shown(const TopView& view, const ScreenRow& row) { return view.shows(text_of(row)); }

void keep_shown(const TopView& view, std::vector<ScreenRow>& rows) {
  std::erase_if(rows, [&](const ScreenRow& row) { return !row_is_shown(view, row); });
}

struct TableOfRows {
  std::vector<ScreenColumn> columns;
  std::vector<ScreenRow> rows;
};

ScreenRow upstream_row(const JsonReader& row, const std::string& upstream,
                       const std::string& server, Run state, const std::string& failures, Run why) {
  return {cell(upstream),
          cell(server),
          std::move(state),
          {std::to_string(number(row, "flows"))},
          {std::to_string(number(row, "flows_total"))},
          {failures},
          amount(row, "bytes_up"),
          amount(row, "bytes_down"),
          std::move(why)};
}

// What was never used and has no servers is left out: the built-in ones that no rule names.
TableOfRows upstreams_of(const JsonReader& answer, const TopView& view) {
  TableOfRows table;
  table.columns = {{"UPSTREAM", false, 9}, {"SERVER", false, 8}, {"STATE", false, 9},
                   {"FLOWS", true, 7},     {"TOTAL", true, 4},   {"FAILURES", true, 5},
                   {"UP", true, 3},        {"DOWN", true, 3},    {"WHY", false, 6}};
  std::vector<ScreenRow> well;
  for (const JsonReader& upstream : answer.at("upstreams").items()) {
    const auto name = text(upstream, "name");
    const auto servers = upstream.at("servers").items();
    if (servers.empty() && number(upstream, "flows_total") == 0) {
      continue;
    }
    well.push_back(upstream_row(upstream, name, "", {""}, "", {""}));
    for (const JsonReader& server : servers) {
      const auto state = text(server, "state");
      auto row = upstream_row(server, name, text(server, "name"), cell(state, tone_of(state)),
                              std::to_string(number(server, "failures_total")),
                              cell(text(server, "why"), Tone::quiet));
      (state == "up" ? well : table.rows).push_back(std::move(row));
    }
  }
  table.rows.insert(table.rows.end(), well.begin(), well.end());
  keep_shown(view, table.rows);
  return table;
}

// With a column of devices behind the clients, where some are known.
void add_devices(TableOfRows& table, const std::vector<JsonReader>& of) {
  constexpr std::ptrdiff_t behind_client = 2;
  if (std::none_of(of.begin(), of.end(), [](const auto& one) { return one.find("device"); })) {
    return;
  }
  table.columns.insert(table.columns.begin() + behind_client, {"DEVICE", false, 8});
  for (std::size_t i = 0; i < of.size(); ++i) {
    ScreenRow& row = table.rows[i];
    row.insert(row.begin() + behind_client,
               of[i].find("device") ? cell(text(of[i], "device")) : cell(""));
  }
}

TableOfRows clients_of(const JsonReader& answer, const TopView& view) {
  TableOfRows table;
  table.columns = {{"NOW", true, 9}, {"CLIENT", false, 9}, {"FLOWS", true, 8}, {"MOVED", true, 7}};
  const auto clients = answer.at("clients").items();
  for (const JsonReader& client : clients) {
    table.rows.push_back({{speed(client.at("bytes_per_second").real())},
                          cell(text(client, "client")),
                          {std::to_string(number(client, "flows"))},
                          amount(client, "bytes")});
  }
  add_devices(table, clients);
  keep_shown(view, table.rows);
  return table;
}

std::vector<JsonReader> in_order(const JsonReader& flows, TopView::Order order) {
  std::vector<JsonReader> all = flows.items();
  const auto descending = [&](const char* key) {
    std::stable_sort(all.begin(), all.end(), [&](const JsonReader& a, const JsonReader& b) {
      return a.at(key).real() > b.at(key).real();
    });
  };
  switch (order) {
    case TopView::Order::speed:
      descending("bytes_per_second");
      break;
    case TopView::Order::up:
      descending("bytes_up");
      break;
    case TopView::Order::down:
      descending("bytes_down");
      break;
    case TopView::Order::age:
      descending("duration_ms");
      break;
    case TopView::Order::client:
      std::stable_sort(all.begin(), all.end(), [](const JsonReader& a, const JsonReader& b) {
        return text(a, "client") < text(b, "client");
      });
      break;
  }
  return all;
}

TableOfRows flows_of(const JsonReader& answer, const TopView& view) {
  TableOfRows table;
  table.columns = {{"NOW", true, 9},   {"CLIENT", false, 9},   {"DESTINATION", false, 9},
                   {"RULE", false, 8}, {"UPSTREAM", false, 6}, {"UP", true, 5},
                   {"DOWN", true, 5},  {"AGE", true, 4},       {"ID", false, 3}};
  const auto flows = in_order(answer.at("flows"), view.order);
  for (const JsonReader& flow : flows) {
    const std::string member = text(flow, "member");
    table.rows.push_back({{speed(flow.at("bytes_per_second").real())},
                          cell(text(flow, "protocol") + " " + text(flow, "client")),
                          cell(text(flow, "destination")),
                          cell(text(flow, "rule")),
                          cell(text(flow, "upstream") + (member.empty() ? "" : "/" + member)),
                          amount(flow, "bytes_up"),
                          amount(flow, "bytes_down"),
                          {elapsed_text(flow.at("duration_ms").real())},
                          cell(text(flow, "id"))});
  }
  add_devices(table, flows);
  keep_shown(view, table.rows);
  return table;
}

std::vector<ScreenLine> help() {
  return {{{"Keys", Tone::head}},
          plain("s u d a c   flows by speed, bytes up, bytes down, age, client"),
          plain("/           type a text: only rows that have it are shown; Enter keeps it"),
          plain("Esc         every row again"),
          plain("? or h      these keys, and back"),
          plain("q           ends"),
          {},
          plain("Speeds are since the last look, a second ago. Servers that take no flows come"),
          plain("first. \"lost or refused\" and \"went another way\" count since the start; by"),
          plain("reason: weir status. Upstreams that nothing has used are left out.")};
}

std::string last_line(const TopView& view) {
  if (view.is_typing) {
    return "only rows with: " + view.filter + "_   (Enter keeps it, Esc: every row)";
  }
  const std::string filter =
      view.filter.empty() ? "" : "  only rows with '" + view.filter + "' (Esc: every row)";
  return fmt::format("? keys  / filter  q ends  flows by {}{}", name_of(view.order), filter);
}

// Shares lines among tables: each has what it needs, or its part of what is there.
std::vector<std::size_t> shares(std::vector<std::size_t> needed, std::size_t room) {
  std::vector<std::size_t> given(needed.size(), 0);
  std::size_t left = room;
  bool some_want = true;
  while (left != 0 && some_want) {
    some_want = false;
    for (std::size_t i = 0; i < needed.size() && left != 0; ++i) {
      if (given[i] < needed[i]) {
        ++given[i];
        --left;
        some_want = true;
      }
    }
  }
  return given;
}

void add_tables(std::vector<ScreenLine>& out, std::vector<TableOfRows> tables, Screen screen) {
  std::vector<std::size_t> needed;
  needed.reserve(tables.size());
  for (const TableOfRows& table : tables) {
    needed.push_back(table.rows.size() + 2);  // with its head and an empty line
  }
  const std::size_t room = screen.height - std::min(screen.height, out.size() + 1);
  const auto given = shares(std::move(needed), room);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (given[i] < 2) {
      continue;
    }
    out.emplace_back();
    auto lines = screen_table(std::move(tables[i].columns), std::move(tables[i].rows), screen.width,
                              given[i] - 1);
    std::move(lines.begin(), lines.end(), std::back_inserter(out));
  }
}

// The API's answers, parsed.
struct Answers {
  JsonReader status;
  std::optional<JsonReader> earlier;  // status
  JsonReader upstreams;
  JsonReader top_talkers;
};

std::vector<ScreenLine> lines_of(const Answers& answers, const TopView& view, Screen screen) {
  auto out =
      head_of(answers.status, answers.earlier ? &*answers.earlier : nullptr, answers.upstreams);
  if (view.shows_help) {
    out.emplace_back();
    auto lines = help();
    std::move(lines.begin(), lines.end(), std::back_inserter(out));
  } else {
    add_tables(out,
               {upstreams_of(answers.upstreams, view), clients_of(answers.top_talkers, view),
                flows_of(answers.top_talkers, view)},
               screen);
  }
  out.resize(screen.height);
  if (screen.height > 1) {
    out.back() = {{last_line(view), view.is_typing ? Tone::warning : Tone::quiet}};
  }
  for (ScreenLine& line : out) {
    line = shortened(std::move(line), screen.width);
  }
  return out;
}

}  // namespace

Result<std::vector<ScreenLine>> top_lines(const TopSample& sample, const TopSample* before,
                                          const TopView& view, Screen screen) {
  std::string mismatch;
  const auto parsed = [&](const std::string& text) {
    auto answer = parse_json(text);
    if (!answer && mismatch.empty()) {
      mismatch = answer.error().text();
    }
    return answer ? std::move(answer).value() : Json();
  };
  const Json status = parsed(sample.status);
  const Json earlier = before == nullptr ? Json() : parsed(before->status);
  const Json upstreams = parsed(sample.upstreams);
  const Json top_talkers = parsed(sample.top_talkers);
  auto out = lines_of(
      {.status = {status, mismatch},
       .earlier = before == nullptr ? std::nullopt : std::optional(JsonReader(earlier, mismatch)),
       .upstreams = {upstreams, mismatch},
       .top_talkers = {top_talkers, mismatch}},
      view, screen);
  if (!mismatch.empty()) {
    return Error("the gateway's answer cannot be read: " + mismatch);
  }
  return out;
}

}  // namespace weir
