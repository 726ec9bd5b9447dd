// An array of ascending numbers that is searched without branches: above it stands every 16th of
// them, above those every 16th of these, and so on, so that a search looks at one block of 16 a
// level. Of 100,000 numbers that are three blocks which are mostly in the cache, and one or two
// that are not; halving meets a line that is not there with each of its last steps, and guesses
// wrong with half of all.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace weir {

template <typename Number>
class SortedKeys {
 public:
  SortedKeys() = default;
  // REQUIRES: ascending, none twice.
  explicit SortedKeys(std::vector<Number> keys) {
    while (!keys.empty()) {
      std::vector<Number> above;
      if (keys.size() > block) {
        above.reserve(keys.size() / block + 1);
        for (std::size_t i = 0; i < keys.size(); i += block) {
          above.push_back(keys[i]);
        }
      }
      // Full blocks, so that the compiler may look at a whole one at once.
      const std::size_t size = keys.size();
      keys.resize((size + block - 1) / block * block, keys.back());
      levels_.push_back({.keys = std::move(keys), .size = size});
      keys = std::move(above);
    }
    std::reverse(levels_.begin(), levels_.end());
  }

  [[nodiscard]] bool empty() const { return levels_.empty(); }
  // The last one that is not greater. REQUIRES: there is one.
  [[nodiscard]] std::size_t last_up_to(const Number& number) const {
    std::size_t at = 0;
    for (const Level& level : levels_) {
      const Number* begin = &level.keys[at * block];
      std::size_t up_to = 0;
      for (std::size_t i = 0; i < block; ++i) {
        up_to += static_cast<std::size_t>(begin[i] <= number);
      }
      at = std::min(at * block + up_to, level.size) - 1;  // what fills the last block is no key
    }
    return at;
  }

 private:
  static constexpr std::size_t block = 16;

  struct Level {
    std::vector<Number> keys;  // in full blocks
    std::size_t size = 0;      // without what fills the last one
  };

  std::vector<Level> levels_;  // the last one has all of them
};

}  // namespace weir
