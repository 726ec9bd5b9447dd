#include "sets/set_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sets/may_replace.h"

namespace weir {
namespace {

using Severity = Diagnostic::Severity;

class Loading {
 public:
  explicit Loading(const SetTable* before) : before_(before) {}

  void take(const SetSettings& set, SetReading reading) {
    const LoadedSet* known = before_ == nullptr ? nullptr : before_->find(set.key());
    if (known != nullptr && reading.contents) {
      check_size(set, *known, reading);
    }
    if (reading.contents) {
      report_skipped(set, reading);
      sets_.push_back({.settings = set,
                       .contents = std::move(reading.contents),
                       .skipped_lines = reading.bad_lines,
                       .kept_for = {}});
    } else if (known != nullptr && have_same_sources(known->settings, set)) {
      keep(set, *known, reading.errors);
    } else {
      refuse(reading.errors);
    }
  }

  SetsLoaded finish() {
    SetsLoaded out;
    if (!is_refused_) {
      out.table = std::make_shared<const SetTable>(std::move(sets_));
    }
    out.diagnostics = std::move(diagnostics_);
    return out;
  }

 private:
  static void check_size(const SetSettings& set, const LoadedSet& known, SetReading& reading) {
    const auto replaced = may_replace(set, known.contents->size(), reading.contents->size());
    if (!replaced) {
      reading.errors.push_back(replaced.error());
      reading.contents = nullptr;
    }
  }

  void report_skipped(const SetSettings& set, const SetReading& reading) {
    if (reading.bad_lines == 0) {
      return;
    }
    const Error& first = reading.skipped.front();
    const std::string which = reading.bad_lines == 1
                                  ? "the one line"
                                  : "the first of " + std::to_string(reading.bad_lines) + " lines";
    add(Severity::warning, first.location(),
        first.text() + "; " + which + " of " + set.title() + " that weir skips");
  }

  void keep(const SetSettings& set, const LoadedSet& known, const std::vector<Error>& errors) {
    const Error& first = errors.front();
    const std::string more =
        errors.size() == 1 ? "" : " (and " + std::to_string(errors.size() - 1) + " more)";
    add(Severity::warning, first.location(),
        first.text() + more + "; " + set.title() + " stays as it was");
    sets_.push_back({.settings = set,
                     .contents = known.contents,
                     .skipped_lines = known.skipped_lines,
                     .kept_for = first});
  }

  void refuse(const std::vector<Error>& errors) {
    is_refused_ = true;
    for (const Error& error : errors) {
      add(Severity::error, error.location(), error.text());
    }
  }

  void add(Severity severity, const SourceLocation& location, std::string text) {
    diagnostics_.push_back({severity, location, std::move(text)});
  }

  const SetTable* before_;
  std::vector<LoadedSet> sets_;
  std::vector<Diagnostic> diagnostics_;
  bool is_refused_ = false;
};

}  // namespace

SetTable::SetTable(std::vector<LoadedSet> sets) : sets_(std::move(sets)) {
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    index_.emplace(sets_[i].settings.key(), i);
    if (sets_[i].view == nullptr) {
      sets_[i].view = std::make_shared<const SetView>(sets_[i].contents);
    }
  }
}

const LoadedSet* SetTable::find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &sets_[found->second];
}

SetsLoaded load_sets(std::span<const SetSettings> sets, const SetTable* before,
                     const OpenList& open) {
  Loading loading(before);
  for (const SetSettings& set : sets) {
    loading.take(set, read_set(set, open));
  }
  return loading.finish();
}

}  // namespace weir
