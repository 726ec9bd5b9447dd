#include "sets/read_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "sets/country_list.h"
#include "sets/list_reader.h"
#include "sets/list_source.h"

namespace weir {
namespace {

class Reading {
 public:
  Reading(OnBadLine on_bad_line, const OpenList& open) : on_bad_line_(on_bad_line), open_(open) {}

  void entry(const SetSource& source) {
    auto item = parse_item(source.text);
    if (!item) {
      out_.errors.emplace_back(item.error().text(), source.location);
      return;
    }
    builder_.begin(source.location.file);
    const auto line = static_cast<std::uint32_t>(std::max(source.location.line, 0));
    if (auto added = builder_.add({.what = std::move(item).value()}, line); !added) {
      out_.errors.emplace_back(added.error().text(), source.location);
    }
  }

  void file(const SetSource& source) {
    if (is_country_list(source.text)) {
      countries(source);
    } else {
      list(source);
    }
  }

  // A set without sources is empty: it is filled at run time.
  SetReading finish(const SetSettings& set) {
    if (!out_.errors.empty()) {
      return std::move(out_);
    }
    auto contents = std::move(builder_).build();
    if (contents->size() == 0 && !(set.files.empty() && set.entries.empty())) {
      out_.errors.emplace_back("the set has nothing in it", set.location);
    } else {
      out_.contents = std::move(contents);
    }
    return std::move(out_);
  }

 private:
  void fail(const SetSource& source, const std::string& file, const std::string& why) {
    out_.errors.emplace_back("cannot use " + quoted(file) + ": " + why, source.location);
  }

  void countries(const SetSource& source) {
    const auto list = parse_country_list(source.text);
    if (!list) {
      out_.errors.emplace_back(list.error().text(), source.location);
      return;
    }
    const std::string& file = list.value().file;
    auto bytes = open_(file);
    if (!bytes) {
      fail(source, file, bytes.error().text() + source.hint);
      return;
    }
    if (auto read = read_country_list(list.value(), *bytes.value(), builder_); !read) {
      fail(source, file, read.error().text());
    }
  }

  void list(const SetSource& source) {
    auto bytes = open_(source.text);
    if (!bytes) {
      fail(source, source.text, bytes.error().text() + source.hint);
      return;
    }
    auto read = read_list(*bytes.value(), source.text, builder_);
    if (!read) {
      fail(source, source.text, read.error().text());
      return;
    }
    note(source, std::move(read).value());
  }

  void note(const SetSource& source, ListReport&& report) {
    out_.bad_lines += report.bad_lines;
    if (on_bad_line_ == OnBadLine::refuse && report.bad_lines > 0) {
      const std::uint64_t unsaid = report.bad_lines - report.first_bad.size();
      std::move(report.first_bad.begin(), report.first_bad.end(), std::back_inserter(out_.errors));
      if (unsaid > 0) {
        fail(source, source.text, "it has " + std::to_string(unsaid) + " more bad lines");
      }
      return;
    }
    const std::size_t room = ListReport::max_kept - out_.skipped.size();
    const auto kept = static_cast<std::ptrdiff_t>(std::min(room, report.first_bad.size()));
    std::move(report.first_bad.begin(), report.first_bad.begin() + kept,
              std::back_inserter(out_.skipped));
    if (report.items == 0) {
      fail(source, source.text,
           report.bad_lines == 0 ? "it lists nothing"
                                 : "none of its lines is an item (" +
                                       std::to_string(report.bad_lines) + " were skipped)");
    }
  }

  OnBadLine on_bad_line_;
  const OpenList& open_;
  SetBuilder builder_;
  SetReading out_;
};

}  // namespace

SetReading read_set(const SetSettings& settings, const OpenList& open) {
  Reading reading(settings.on_bad_line, open);
  for (const SetSource& entry : settings.entries) {
    reading.entry(entry);
  }
  for (const SetSource& file : settings.files) {
    reading.file(file);
  }
  return reading.finish(settings);
}

}  // namespace weir
