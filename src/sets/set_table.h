// The sets of one configuration, each read once, however many rules name it. A reload makes the
// next table beside the one in force, so that whatever is wrong with a list costs nothing: the set
// is then what it was.
//
// A snapshot holds it as std::shared_ptr<const SetTable>; sets that are kept are shared with the
// table before. Made by the thread that loads, then immutable: any thread reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "base/set_settings.h"
#include "sets/read_set.h"
#include "sets/set_contents.h"
#include "sets/set_view.h"

namespace weir {

struct LoadedSet {
  SetSettings settings;
  std::shared_ptr<const SetContents> contents;  // never null
  std::uint64_t skipped_lines = 0;              // when the contents were read
  std::optional<Error> kept_for;  // it is what it was before: its lists could not be used, for this
  // The contents, and over them what is added and removed at run time. In a table never null.
  std::shared_ptr<const SetView> view = nullptr;
};

class SetTable {
 public:
  SetTable() = default;
  // Keys are those of SetSettings; a set without a view gets that of its lists. REQUIRES: each
  // once.
  explicit SetTable(std::vector<LoadedSet> sets);

  // Null: there is none.
  [[nodiscard]] const LoadedSet* find(std::string_view key) const;
  [[nodiscard]] std::span<const LoadedSet> sets() const { return sets_; }  // in the order given

 private:
  std::vector<LoadedSet> sets_;
  std::map<std::string, std::size_t, std::less<>> index_;  // by key
};

struct SetsLoaded {
  std::shared_ptr<const SetTable> table;  // null: a diagnostic is an error
  std::vector<Diagnostic> diagnostics;
};

// Reads all of them. A set that cannot be used stays what it is in `before` where its sources are
// the same there: a warning says so, with the file and line at fault; otherwise it is an error.
// Blocks: about a second for a million lines.
[[nodiscard]] SetsLoaded load_sets(std::span<const SetSettings> sets, const SetTable* before,
                                   const OpenList& open = open_list);

}  // namespace weir
