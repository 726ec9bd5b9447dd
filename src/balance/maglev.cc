#include "balance/maglev.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "balance/stable_hash.h"

namespace weir {
namespace {

constexpr std::uint64_t offset_seed = 0x6f66667365740001U;
constexpr std::uint64_t skip_seed = 0x736b697000000001U;
constexpr std::uint16_t nobody = UINT16_MAX;
// How often a key is hashed anew before all candidates are tried in turn.
constexpr int max_probes = 16;

// A candidate on its own path through all slots of the table.
struct Walker {
  std::uint16_t index = 0;
  std::int64_t weight = 1;
  std::int64_t credit = 0;
  std::uint32_t position = 0;
  std::uint32_t skip = 1;
};

std::vector<Walker> walkers_of(std::span<const Candidate> candidates) {
  std::vector<std::uint16_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  std::sort(order.begin(), order.end(), [&](std::uint16_t a, std::uint16_t b) {
    return candidates[a].name < candidates[b].name;
  });
  std::vector<Walker> out;
  for (const auto index : order) {
    const std::string& name = candidates[index].name;
    constexpr std::uint64_t size = Maglev::table_size;
    out.push_back(
        {.index = index,
         .weight = candidates[index].weight,
         .position = static_cast<std::uint32_t>(stable_hash(name, offset_seed) % size),
         .skip = static_cast<std::uint32_t>(stable_hash(name, skip_seed) % (size - 1)) + 1});
  }
  return out;
}

}  // namespace

Maglev::Maglev(std::span<const Candidate> candidates) : count_(candidates.size()) {
  auto walkers = walkers_of(candidates);
  if (walkers.empty()) {
    return;
  }
  std::int64_t heaviest = 1;
  for (const Walker& walker : walkers) {
    heaviest = std::max(heaviest, walker.weight);
  }
  table_.assign(walkers.size() == 1 ? 1 : table_size, nobody);
  // Each candidate takes its next free place in turn; a light one sits turns out.
  for (std::size_t filled = 0; filled < table_.size();) {
    for (Walker& walker : walkers) {
      walker.credit += walker.weight;
      if (walker.credit < heaviest) {
        continue;
      }
      walker.credit -= heaviest;
      while (table_[walker.position % table_.size()] != nobody) {
        walker.position = (walker.position + walker.skip) % table_size;
      }
      table_[walker.position % table_.size()] = walker.index;
      if (++filled == table_.size()) {
        break;
      }
    }
  }
  std::vector<std::uint64_t> names;
  names.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    names.push_back(stable_hash(candidate.name));
  }
  for (const auto index : table_) {
    checksum_ = mixed(checksum_ ^ names[index]);
  }
}

std::optional<std::size_t> Maglev::choose(const Candidates& candidates,
                                          const BalanceKey& key) const {
  if (table_.empty()) {
    return std::nullopt;
  }
  std::uint64_t hash = key.hash;
  for (int i = 0; i < max_probes; ++i) {
    hash = mixed(hash);
    const auto index = table_[hash % table_.size()];
    if (candidates.usable(index)) {
      return index;
    }
  }
  for (std::size_t i = 0; i < count_; ++i) {
    const auto index = (hash + i) % count_;
    if (candidates.usable(index)) {
      return index;
    }
  }
  return std::nullopt;
}

}  // namespace weir
