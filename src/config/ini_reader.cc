#include "config/ini_reader.h"

#include <ini.h>

#include <algorithm>
#include <utility>

#include "config/line.h"

namespace weir {
namespace {

// inih's line buffer holds the line, its end and a zero.
constexpr int buffer_size = static_cast<int>(longest_line) + 3;

class LongLines {
 public:
  LongLines() { ini_max_line = buffer_size; }
  ~LongLines() { ini_max_line = before_; }
  LongLines(const LongLines&) = delete;
  LongLines& operator=(const LongLines&) = delete;

 private:
  int before_ = ini_max_line;
};

// Hands inih one sound line after the other, an empty one for each that is refused.
class LineFeed {
 public:
  LineFeed(std::string_view text, const std::string& file, Findings& findings)
      : rest_(text), findings_(findings), location_{file, 0} {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) {
      rest_.remove_prefix(byte_order_mark.size());
    }
  }

  IniFile parse() {
    const LongLines scope;
    const int bad_line = ini_parse_stream(next_line, this, take_key, this);
    expect_delivered();
    if (bad_line != 0 && findings_.errors() == 0) {
      findings_.error({location_.file, std::max(bad_line, 0)}, "inih cannot read this");
    }
    return std::move(out_);
  }

 private:
  // inih is C: nothing may be thrown through these two.
  static char* next_line(char* buffer, int size, void* self) noexcept {
    return static_cast<LineFeed*>(self)->feed(buffer, static_cast<std::size_t>(size));
  }
  static int take_key(void* self, const char* section, const char* key,
                      const char* value) noexcept {
    return static_cast<LineFeed*>(self)->take(section, key, value);
  }

  char* feed(char* buffer, std::size_t size) {
    expect_delivered();
    if (rest_.empty()) {
      return nullptr;
    }
    const auto end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    ++location_.line;
    if (!wanted(line, size)) {
      line = {};
    }
    char* end_of_line = std::copy(line.begin(), line.end(), buffer);
    *end_of_line++ = '\n';
    *end_of_line = '\0';
    return buffer;
  }

  // True when inih is to see the line.
  bool wanted(std::string_view text, std::size_t size) {
    const Line line = read_line(text);
    switch (line.kind) {
      case Line::Kind::nothing:
        return false;
      case Line::Kind::broken:
        findings_.error(location_, line.flaw);
        if (where_ == Where::in_section) {
          out_.sections.back().loss = IniSection::Loss::some;
        }
        return false;
      case Line::Kind::broken_section:
        findings_.error(location_, line.flaw);
        out_.broken_titles.emplace_back(line.name);
        where_ = Where::in_broken_section;
        return false;
      case Line::Kind::section:
        out_.sections.push_back(
            {.title = std::string(line.name), .location = location_, .entries = {}});
        where_ = Where::in_section;
        break;
      case Line::Kind::key:
        if (where_ == Where::at_start) {
          findings_.error(location_,
                          "'" + std::string(line.name) + "' stands before any [section]");
          where_ = Where::in_broken_section;  // one problem, however many keys
        }
        if (where_ == Where::in_broken_section) {
          return false;
        }
        awaited_ = std::string(line.name);
        break;
    }
    if (text.size() + 2 > size) {
      findings_.error(location_, "the inih of this system takes no lines longer than " +
                                     std::to_string(size - 3) + " bytes");
      awaited_.clear();
      return false;
    }
    return true;
  }

  int take(std::string_view section, std::string_view key, const char* value) {
    IniSection& current = out_.sections.back();
    // inih keeps blanks inside the brackets.
    const bool as_read = awaited_ == key && section.find(current.title) != std::string_view::npos;
    if (as_read && value != nullptr) {
      awaited_.clear();
      current.entries.push_back({std::string(key), value, location_});
    }
    return 1;
  }

  // Whatever made inih read a line in another way than read_line did, it shall not pass silently.
  void expect_delivered() {
    if (!awaited_.empty()) {
      findings_.error(
          location_,
          "weir and its INI parser (inih) read this line differently: write it more simply");
      awaited_.clear();
    }
  }

  std::string_view rest_;
  Findings& findings_;
  SourceLocation location_;
  IniFile out_;
  enum class Where : std::uint8_t { at_start, in_section, in_broken_section };
  Where where_ = Where::at_start;
  std::string awaited_;  // the key that inih was given and has not delivered yet
};

}  // namespace

IniFile read_ini(std::string_view text, const std::string& file, Findings& findings) {
  return LineFeed(text, file, findings).parse();
}

}  // namespace weir
