#include "config/documents.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace weir {
namespace {

bool has_wildcard(const std::string& pattern) {
  return pattern.find_first_of("*?[") != std::string::npos;
}

// The pattern seen from the folder of `file`; that folder's own name is no pattern.
std::string pattern_beside(const std::string& file, const std::string& pattern) {
  if (pattern.starts_with('/')) {
    return pattern;
  }
  std::string out;
  for (const char c : beside(file, "")) {
    out += std::string_view("*?[\\").find(c) == std::string_view::npos ? "" : "\\";
    out += c;
  }
  return out + pattern;
}

class Reading {
 public:
  Reading(const Files& files, Findings& findings) : files_(files), findings_(findings) {}

  Documents read(const std::string& file) {
    findings_.opened(file);
    auto text = files_.read(file);
    if (!text) {
      findings_.error({file, 0}, "cannot be read: " + text.error().text());
      out_.extent = Documents::Extent::partial;
      return std::move(out_);
    }
    known_[file] = {file, 0};
    IniFile main = read_ini(text.value(), file, findings_);
    take_titles(main);
    for (IniSection& section : main.sections) {
      const auto includes = includes_of(section);
      out_.sections.push_back(std::move(section));
      for (const IniEntry& include : includes) {
        follow(include);
      }
    }
    return std::move(out_);
  }

 private:
  void take_titles(IniFile& file) {
    std::move(file.broken_titles.begin(), file.broken_titles.end(),
              std::back_inserter(out_.broken_titles));
  }

  // They stay in the section, for the check of its keys.
  static std::vector<IniEntry> includes_of(const IniSection& section) {
    std::vector<IniEntry> out;
    if (section.title == "gateway") {
      std::copy_if(
          section.entries.begin(), section.entries.end(), std::back_inserter(out),
          [](const IniEntry& entry) { return entry.key == "include" && !entry.value.empty(); });
    }
    return out;
  }

  void follow(const IniEntry& include) {
    const std::string& from = include.location.file;
    if (!has_wildcard(include.value)) {
      read_included(beside(from, include.value), include.location);
      return;
    }
    const std::string pattern = pattern_beside(from, include.value);
    auto found = files_.matching(pattern);
    if (!found) {
      unreadable("cannot look for '" + pattern + "': " + found.error().text(), include.location);
      return;
    }
    for (const std::string& path : found.value()) {
      read_included(path, include.location);
    }
  }

  void read_included(const std::string& path, const SourceLocation& location) {
    const auto [first, is_new] = known_.emplace(path, location);
    if (!is_new) {
      findings_.error(location, first->second.line == 0
                                    ? "'" + path + "' includes itself"
                                    : "'" + path + "' is included a second time" +
                                          first_at(first->second, location));
      return;
    }
    auto text = files_.read(path);
    if (!text) {
      unreadable("cannot read '" + path + "': " + text.error().text(), location);
      return;
    }
    findings_.opened(path);
    IniFile file = read_ini(text.value(), path, findings_);
    take_titles(file);
    for (IniSection& section : file.sections) {
      for (const IniEntry& nested : includes_of(section)) {
        findings_.error(nested.location, "an included file cannot include others");
      }
      out_.sections.push_back(std::move(section));
    }
  }

  void unreadable(std::string text, const SourceLocation& location) {
    findings_.error(location, std::move(text));
    out_.extent = Documents::Extent::partial;
  }

  const Files& files_;
  Findings& findings_;
  Documents out_;
  std::map<std::string, SourceLocation> known_;  // files read, and where they were named
};

}  // namespace

Documents read_documents(const std::string& file, const Files& files, Findings& findings) {
  return Reading(files, findings).read(file);
}

}  // namespace weir
