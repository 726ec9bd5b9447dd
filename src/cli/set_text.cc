#include "cli/set_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/json_reader.h"
#include "base/moment_text.h"
#include "cli/live_text.h"
#include "cli/table.h"
#include "loop/loop.h"
#include "sets/item.h"

namespace weir {
namespace {

using Align = Table::Align;

std::string until_text(const JsonReader& item) {
  const auto left = item.at("left_ms");
  return left.is_null()
             ? "the next restart"
             : local_moment(clock_now() + Milliseconds(static_cast<std::int64_t>(left.number())));
}

std::string joined(const JsonReader& list) {
  std::string out;
  for (const JsonReader& item : list.items()) {
    out += (out.empty() ? "" : ", ") + item.text();
  }
  return out;
}

std::string notes_of(const JsonReader& set) {
  std::string out;
  if (const auto lines = set.at("skipped_lines").number(); lines != 0) {
    out += fmt::format("{}: {} skipped\n", set.at("name").text(),
                       lines == 1 ? "1 line" : std::to_string(lines) + " lines");
  }
  if (const auto why = set.at("kept_for").text(); !why.empty()) {
    out += set.at("name").text() + " is what it was before the last reload: " + why + "\n";
  }
  return out;
}

void take_item(const JsonReader& given, Instant now, std::vector<LiveItem>& into) {
  const auto parsed = parse_item(given.at("item").text());
  if (!parsed) {
    return;
  }
  const auto kind =
      given.at("change").text() == "added" ? LiveItem::Kind::added : LiveItem::Kind::removed;
  const auto uid = static_cast<std::uint32_t>(given.at("uid").number());
  std::optional<Instant> until;
  if (const auto left = given.at("left_ms"); !left.is_null()) {
    until = now + Milliseconds(static_cast<std::int64_t>(left.number()));
  }
  if (const auto* prefix = std::get_if<Prefix>(&parsed.value())) {
    into.push_back({*prefix, kind, uid, until});
  } else if (const auto* name = std::get_if<Name>(&parsed.value())) {
    into.push_back({*name, kind, uid, until});
  }
}

}  // namespace

Result<std::string> sets_text(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    const auto sets = answer.at("sets").items();
    if (sets.empty()) {
      return std::string("no rule uses a set\n");
    }
    Table table({{"SET"},
                 {"PREFIXES", Align::right},
                 {"NAMES", Align::right},
                 {"ADDED", Align::right},
                 {"REMOVED", Align::right},
                 {"FILES"}});
    Table items({{"SET"}, {"ITEM"}, {"CHANGE"}, {"BY"}, {"UNTIL"}});
    bool has_items = false;
    std::string notes;
    for (const JsonReader& set : sets) {
      const auto count = [&](const char* key) { return std::to_string(set.at(key).number()); };
      const std::string name = set.at("name").text();
      table.row({name, count("prefixes"), count("names"), count("added"), count("removed"),
                 joined(set.at("files"))});
      for (const JsonReader& item : set.at("live").items()) {
        has_items = true;
        items.row({name, item.at("item").text(), item.at("change").text(),
                   "uid " + std::to_string(item.at("uid").number()), until_text(item)});
      }
      notes += notes_of(set);
    }
    return table.text() + printable_lines(notes) + (has_items ? "\n" + items.text() : "");
  });
}

Result<std::string> set_text(std::string_view json) {
  return described(json, [](const JsonReader& set) {
    return printable_lines(
        fmt::format("{}: {} items in its lists; {} added, {} removed at run time\n",
                    set.at("name").text(), set.at("prefixes").number() + set.at("names").number(),
                    set.at("added").number(), set.at("removed").number()));
  });
}

std::string set_trouble(std::string_view json) {
  const Json answer = json_or_null(json);
  const Json* trouble = answer.find("trouble");
  return std::string(trouble == nullptr ? "" : trouble->text().value_or(""));
}

Result<std::string> set_names(std::string_view json) {
  return described(json, [](const JsonReader& answer) {
    std::string out;
    for (const JsonReader& set : answer.at("sets").items()) {
      if (const auto name = set.at("name").text(); !name.starts_with('@')) {
        out += name + "\n";
      }
    }
    return printable_lines(out);
  });
}

Result<LiveSets> live_sets_in(std::string_view json, Instant now) {
  std::vector<LiveSets::Kept> all;
  const auto read = described(json, [&](const JsonReader& answer) {
    for (const JsonReader& set : answer.at("sets").items()) {
      LiveSets::Kept& kept = all.emplace_back();
      kept.key = set.at("name").text();
      for (const JsonReader& item : set.at("live").items()) {
        take_item(item, now, kept.items);
      }
    }
    return std::string();
  });
  return read ? Result<LiveSets>(LiveSets(all)) : read.error();
}

}  // namespace weir
