// From the text of a section to Settings: every key found in the rows of its kind, every value
// parsed by its row, every problem reported at its line. No state; the thread that loads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/files.h"
#include "config/findings.h"
#include "config/ini_reader.h"
#include "config/section_kinds.h"

namespace weir {

// What a header says: `[rule web]` is of kind rule and named web.
struct SectionTitle {
  const SectionKind* kind = nullptr;
  std::string name;
};

// The parts of what stands between the brackets: "rule" and "web" of "rule web".
[[nodiscard]] std::string_view kind_in(std::string_view title);
[[nodiscard]] std::string_view name_in(std::string_view title);

// Reports a header that is wrong: unknown kind, a name that is missing, superfluous or misspelt.
[[nodiscard]] std::optional<SectionTitle> read_title(const IniSection& section, Findings& findings);

// The rows that a section's keys are looked up in.
struct KeyTable {
  std::vector<Key> keys;  // of two rows with one name the first counts
  // Names that a key without a row may have, of which nothing else is known (in an upstream of
  // unknown type): such a key is left alone.
  std::vector<std::string_view> possible = {};
  // For a key without a row and without a near name: where it belongs (", it belongs to [log]").
  std::function<std::string(std::string_view key)> elsewhere;
};

// A section kind that has the key, in these words, or "".
[[nodiscard]] std::string other_section(std::string_view key, ConditionTypes conditions);

[[nodiscard]] Settings read_section(const IniSection& section, const std::string& name,
                                    const KeyTable& table, const Files& files, Findings& findings);

}  // namespace weir
