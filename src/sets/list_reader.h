// A list, piece by piece, into a set that is being built. It keeps one line at most, however long
// the list is and however long its lines are.
//
// Made for one list, on the thread that loads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sets/list_line.h"
#include "sets/set_contents.h"
#include "weir/result.h"

namespace weir {

class ListSource;

struct ListReport {
  static constexpr std::size_t max_kept = 100;

  std::uint64_t lines = 0;
  std::uint64_t items = 0;
  std::uint64_t bad_lines = 0;
  std::vector<Error> first_bad;  // with their locations; at most `max_kept`
};

// Bytes in, items out; no I/O.
class ListReader {
 public:
  // `file` is its name in messages. The builder outlives the reader.
  ListReader(std::string file, SetBuilder& into);

  // An error means that the file is no list, or has more than a set has room for: what went into
  // the builder should not be used. A bad line is none.
  Result<> take(std::string_view bytes);
  // After the last bytes.
  Result<ListReport> finish();

 private:
  Result<> end_line(std::string_view text);
  void keep(std::string_view text);
  void add_bad(std::string flaw);
  [[nodiscard]] SourceLocation here() const;

  std::string file_;
  SetBuilder& into_;
  ListReport report_;
  ListLine line_;
  std::string begun_;               // of a line whose end has not come, as much as may count
  std::uint64_t begun_length_ = 0;  // all of it
  bool has_content_ = false;        // a line that is neither blank nor a comment came
};

// All of a source. Errors of the source name no file.
Result<ListReport> read_list(ListSource& source, const std::string& file, SetBuilder& into);

}  // namespace weir
