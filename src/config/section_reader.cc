#include "config/section_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/names.h"
#include "base/suggest.h"
#include "base/text.h"
#include "config/list_file.h"

namespace weir {
namespace {

// The name that was probably meant, or "".
std::string_view report_unknown(const IniEntry& entry, const IniSection& section,
                                const KeyTable& table, Findings& findings) {
  std::vector<std::string_view> names;
  for (const Key& row : table.keys) {
    names.push_back(row.name);
  }
  names.insert(names.end(), table.possible.begin(), table.possible.end());
  std::string hint = did_you_mean(entry.key, names);
  if (hint.empty() && table.elsewhere) {
    hint = table.elsewhere(entry.key);
  }
  findings.error(entry.location,
                 "unknown key " + quoted(entry.key) + " in [" + section.title + "]" + hint);
  return nearest(entry.key, names);
}

// A list without the items that are empty, so that what is wrong with the others is said as well.
std::string without_empty_items(std::string_view list) {
  std::string out;
  while (true) {
    const auto comma = list.find(',');
    if (const auto item = trimmed(list.substr(0, comma)); !item.empty()) {
      out += (out.empty() ? "" : ", ") + std::string(item);
    }
    if (comma == std::string_view::npos) {
      return out;
    }
    list.remove_prefix(comma + 1);
  }
}

// The semicolon or '#' that the operator took for the beginning of a comment: inih wants ' ;'.
bool seems_to_have_comment(std::string_view value) {
  return value.find(" #") != std::string_view::npos || value.find(';') != std::string_view::npos;
}

// Signs that the operator counts on what INI files elsewhere do.
void warn_of_quirks(const Key& row, const Value& value, Findings& findings) {
  if (row.kind != ValueKind::text) {
    return;
  }
  const std::string& text = value.text;
  if (text.find(" #") != std::string::npos) {
    findings.warning(
        value.location,
        "the value of " + quoted(row.name) +
            " contains ' #', which does not begin a comment after a value (' ;' does)");
  }
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.front() == text.back()) {
    findings.warning(value.location, "the quotes are part of the value of " + quoted(row.name) +
                                         ": remove them, unless they are meant");
  }
}

void read_entry(const Key& row, const IniEntry& entry, const Files& files, Findings& findings,
                Settings& settings) {
  constexpr std::string_view how_comments_begin = "a comment after a value begins with ' ;'";
  if (row.kind == ValueKind::list && seems_to_have_comment(entry.value)) {
    findings.error(entry.location, quoted(entry.key) + ": " + std::string(how_comments_begin));
    return;
  }
  auto value = parse_value(row, entry.value, entry.location);
  if (!value) {
    const bool comment = seems_to_have_comment(entry.value);
    findings.error(entry.location, quoted(entry.key) + ": " + value.error().text() +
                                       (comment ? "; " + std::string(how_comments_begin) : ""));
    if (row.kind == ValueKind::list) {
      value = parse_value(row, without_empty_items(entry.value), entry.location);
    }
    if (!value) {
      return;
    }
  }
  warn_of_quirks(row, value.value(), findings);
  if (row.kind == ValueKind::list && row.at == Key::At::lines) {
    expand_list_files(value.value(), files, findings);
  }
  settings.add(row.name, std::move(value).value());
}

}  // namespace

std::string other_section(std::string_view key, ConditionTypes conditions) {
  for (const SectionKind& kind : section_kinds()) {
    for (const Key& row : keys_of(kind, conditions)) {
      if (row.name == key) {
        return ", it belongs to [" + std::string(kind.name) +
               (kind.naming == SectionKind::Naming::required ? " NAME]" : "]");
      }
    }
  }
  return "";
}

std::string_view kind_in(std::string_view title) {
  return title.substr(0, title.find_first_of(blanks));
}

std::string_view name_in(std::string_view title) {
  return trimmed(title.substr(kind_in(title).size()));
}

std::optional<SectionTitle> read_title(const IniSection& section, Findings& findings) {
  const std::string_view word = kind_in(section.title);
  SectionTitle out{find_section_kind(word), std::string(name_in(section.title))};
  const auto wrong = [&](std::string text) {
    findings.error(section.location, std::move(text));
    return std::nullopt;
  };
  if (out.kind == nullptr) {
    std::vector<std::string_view> names;
    for (const SectionKind& kind : section_kinds()) {
      names.push_back(kind.name);
    }
    const std::string_view meant = nearest(word, names);
    return wrong("unknown section [" + section.title + "]" +
                 (meant.empty() ? ""
                                : ", did you mean [" + std::string(meant) +
                                      (out.name.empty() ? "" : " " + out.name) + "]?"));
  }
  if (out.kind->naming == SectionKind::Naming::none && !out.name.empty()) {
    return wrong("[" + std::string(word) + "] takes no name, but has " + quoted(out.name));
  }
  if (out.kind->naming == SectionKind::Naming::required && out.name.empty()) {
    return wrong("[" + std::string(word) + "] needs a name: [" + std::string(word) + " NAME]");
  }
  if (!is_name(out.name)) {
    return wrong(quoted(out.name) + " is no name: " + std::string(what_names_are));
  }
  return out;
}

Settings read_section(const IniSection& section, const std::string& name, const KeyTable& table,
                      const Files& files, Findings& findings) {
  Settings settings(name, section.location, table.keys);
  std::map<std::string_view, const SourceLocation*> seen;
  std::set<std::string_view> meant;  // by keys that are misspelt
  for (const IniEntry& entry : section.entries) {
    const auto row = std::find_if(table.keys.begin(), table.keys.end(),
                                  [&](const Key& key) { return key.name == entry.key; });
    if (row == table.keys.end()) {
      if (std::find(table.possible.begin(), table.possible.end(), entry.key) ==
          table.possible.end()) {
        meant.insert(report_unknown(entry, section, table, findings));
      }
      continue;
    }
    const auto [first, is_new] = seen.emplace(entry.key, &entry.location);
    if (!is_new && row->repeat == Key::Repeat::once) {
      findings.error(entry.location, quoted(entry.key) + " is given a second time" +
                                         first_at(*first->second, entry.location));
      continue;
    }
    read_entry(*row, entry, files, findings, settings);
  }
  for (const Key& row : table.keys) {
    if (row.need == Key::Need::required && !seen.contains(row.name) && !meant.contains(row.name) &&
        section.loss == IniSection::Loss::none) {
      findings.error(section.location, "[" + section.title + "] needs " + quoted(row.name));
    }
  }
  return settings;
}

}  // namespace weir
