// What the tests of this folder ask of every reader: its answer as a text, and that more bytes
// never change it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sniff/sniffed.h"
#include "source_tree.h"

namespace weir {

using Bytes = std::vector<std::uint8_t>;

inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// Of tests/unit/sniff/.
inline Bytes recorded(const std::string& file) {
  std::ifstream in(source_tree() / "tests/unit/sniff" / file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// "more", "no name", or the name; "(outer)" behind it where ECH hides another.
inline std::string said(const Sniffed& answer) {
  if (answer.state == Sniffed::State::name) {
    return answer.name + (answer.is_outer ? " (outer)" : "");
  }
  if (!answer.name.empty() || answer.is_outer) {
    return "a name that is none";
  }
  return answer.state == Sniffed::State::more ? "more" : "no name";
}

// The beginning of the bytes, on the heap and of exactly this size, so that a sanitizer sees every
// step beyond it.
inline Bytes beginning_of(std::span<const std::uint8_t> bytes, std::size_t size) {
  const auto out = bytes.first(size);
  return {out.begin(), out.end()};
}

// The answer to all of the bytes; or, where that to a beginning of them is neither the same nor
// `more`, what it changed to. `step` bytes come at a time.
template <typename Reader>
std::string steady_answer(Reader read, std::span<const std::uint8_t> bytes, std::size_t step = 1) {
  std::string known = said(read(std::span<const std::uint8_t>{}));
  for (std::size_t size = 0; size != bytes.size();) {
    size = std::min(size + step, bytes.size());
    const std::string answer = said(read(beginning_of(bytes, size)));
    if (known != "more" && answer != known) {
      return known + " became " + answer + " with byte " + std::to_string(size);
    }
    known = answer;
  }
  return known;
}

// How many bytes had to come for the answer; one more than there are where none came.
template <typename Reader>
std::size_t answered_after(Reader read, std::span<const std::uint8_t> bytes) {
  std::size_t size = 0;
  while (size <= bytes.size() && read(beginning_of(bytes, size)).state == Sniffed::State::more) {
    ++size;
  }
  return size;
}

using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

// A few bytes changed, taken out or put in.
inline Bytes mutated(Bytes bytes, Random& random) {
  for (std::size_t changes = 1 + below(random, 4); changes != 0 && !bytes.empty(); --changes) {
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(below(random, bytes.size()));
    const auto value = static_cast<std::uint8_t>(below(random, 256));
    switch (below(random, 4)) {
      case 0:
        *at = value;
        break;
      case 1:
        *at = static_cast<std::uint8_t>(*at ^ (1U << below(random, 8)));
        break;
      case 2:
        bytes.insert(at, 1 + below(random, 3), value);
        break;
      default:
        bytes.erase(at, at + std::min<std::ptrdiff_t>(bytes.end() - at, 1 + (value % 4)));
    }
  }
  return bytes;
}

// What mutations of these bytes were answered with, where an answer changed; else "".
template <typename Reader>
std::string unsteady_mutation(Reader read, const Bytes& bytes, int rounds) {
  Random random(20261128);  // NOLINT: the same mutations each time
  for (int round = 0; round < rounds; ++round) {
    const Bytes other = mutated(bytes, random);
    const std::string answer = steady_answer(read, other, 1 + below(random, 24));
    if (answer.find(" became ") != std::string::npos || answer.find("none") != std::string::npos) {
      return answer + " in round " + std::to_string(round);
    }
  }
  return "";
}

}  // namespace weir
