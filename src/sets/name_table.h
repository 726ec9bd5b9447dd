// The names of a set: which of them a host name is, and from which line it comes.
//
// A lookup takes one step a label, whatever the number of names: the hash of a name goes from its
// last label to its first, so that one pass has the hash of every name above it. A million names of
// 20 bytes take about 35 MiB. Filled by the thread that loads, then constant: any thread asks.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sets/name.h"
#include "sets/origins.h"

namespace weir {

// A name of the table; the view lives as long as the table.
struct NameMatch {
  std::string_view name;
  NameForm form = NameForm::exact;
  bool is_important = false;
  Origin origin;
};

class NameTable {
 public:
  static constexpr std::size_t max = std::size_t{1} << 26U;

  // `name` is one that Name::parse gave. Of equal names the one added first stays. False: it holds
  // the most already.
  bool add(const NameMatch& name);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const;

  // What a host is of, however it is spelled; one that can be no name is of none. Of several the
  // longest, and the host itself before what is below something.
  [[nodiscard]] std::optional<NameMatch> find(std::string_view host) const;
  // The first of those, in that order, that a predicate takes.
  template <std::predicate<const NameMatch&> Accept>
  [[nodiscard]] std::optional<NameMatch> find(std::string_view host, const Accept& accept) const {
    const Labels labels(host);
    for (std::size_t i = labels.count; i-- > 0;) {
      const Scope scope = i + 1 == labels.count ? Scope::itself : Scope::below;
      Cursor cursor(*this, labels.hashes[i]);
      while (const auto match = cursor.next(labels.suffix(i))) {
        if (is_meant(scope, match->form) && accept(*match)) {
          return match;
        }
      }
    }
    return std::nullopt;
  }
  // That name in that form.
  [[nodiscard]] std::optional<NameMatch> exact(std::string_view name, NameForm form) const;
  // A name that has all hosts of this one, and is not the same; the longest that a predicate takes.
  template <std::predicate<const NameMatch&> Accept>
  [[nodiscard]] std::optional<NameMatch> wider(std::string_view name, NameForm form,
                                               const Accept& accept) const {
    return find(name, [&](const NameMatch& match) {
      const bool same_name = match.name.size() == name.size();
      return (!same_name || (match.form == NameForm::both && form != NameForm::both)) &&
             accept(match);
    });
  }

  // Whether every host of that name, and of all names of the other table, is of this one.
  [[nodiscard]] bool covers(std::string_view name, NameForm form) const;
  [[nodiscard]] bool covers(const NameTable& other) const;

  // The next name, in the order in which they were added. `position` is where to go on: 0 at first.
  [[nodiscard]] std::optional<NameMatch> next(std::uint32_t& position) const;

 private:
  // A host in its one spelling, and the hash of every name above it, the shortest first.
  struct Labels {
    explicit Labels(std::string_view host);
    [[nodiscard]] std::string_view suffix(std::size_t index) const {
      return {text.data() + starts[index], size - starts[index]};
    }
    static constexpr std::size_t max = longest_host / 2 + 1;
    std::array<char, longest_host> text;
    std::array<std::uint8_t, max> starts;
    std::array<std::uint64_t, max> hashes;
    std::size_t size = 0;
    std::size_t count = 0;
  };
  enum class Scope : std::uint8_t { itself, below };

  // The names of one hash, one after the other.
  class Cursor {
   public:
    Cursor(const NameTable& table, std::uint64_t hash);
    // The next that is this very name.
    [[nodiscard]] std::optional<NameMatch> next(std::string_view name);
    [[nodiscard]] std::optional<NameMatch> next(std::string_view name, NameForm form);

   private:
    const NameTable& table_;
    std::uint8_t tag_;
    std::size_t slot_;
  };

  [[nodiscard]] static bool is_meant(Scope scope, NameForm form) {
    return form == NameForm::both ||
           form == (scope == Scope::itself ? NameForm::exact : NameForm::below);
  }
  void resize(std::size_t slots);
  void place(std::uint64_t hash, std::uint32_t offset);
  std::uint32_t append(const NameMatch& name);
  [[nodiscard]] const char* address(std::uint32_t offset) const;

  static constexpr unsigned block_bits = 14;
  static constexpr std::size_t block_size = std::size_t{1} << block_bits;
  using Block = std::array<char, block_size>;

  // Entries lie one after the other in blocks, and slots say where: growing moves no name.
  std::vector<std::unique_ptr<Block>> blocks_;
  std::size_t filled_ = 0;          // bytes of the last block
  std::vector<std::uint8_t> tags_;  // 0: free; else bits of the hash
  std::vector<std::uint32_t> offsets_;
  std::size_t size_ = 0;
};

}  // namespace weir
