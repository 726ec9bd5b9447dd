#include "sets/name_table.h"

#include <sys/random.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <utility>

namespace weir {
namespace {

// An entry: the origin's number, flags, the name's length, the name.
constexpr std::size_t flags_at = sizeof(std::uint32_t);
constexpr std::size_t length_at = flags_at + 1;
constexpr std::size_t header = length_at + 1;
constexpr unsigned important_bit = 4;
constexpr unsigned form_bits = 3;

static_assert(longest_host <= UINT8_MAX);

constexpr std::size_t fewest_slots = 64;

struct Seed {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  Seed() {
    if (getrandom(this, sizeof *this, 0) != static_cast<ssize_t>(sizeof *this)) {
      a = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
      b = ~a;
    }
  }
};

// Of the process: a list that a stranger wrote cannot be made of names that collide.
const Seed& seed() {
  static const Seed value;
  return value;
}

// Multiply and fold, with a secret in both factors.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a ^ seed().a) * (b ^ seed().b);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// The hash of a name with one more label in front.
std::uint64_t with_label(std::uint64_t hash, std::string_view label) {
  hash = mix(hash, label.size() + 1);
  for (; !label.empty(); label.remove_prefix(std::min(label.size(), sizeof(std::uint64_t)))) {
    std::uint64_t word = 0;
    std::memcpy(&word, label.data(), std::min(label.size(), sizeof word));
    hash = mix(hash, word);
  }
  return hash;
}

std::uint8_t tag_of(std::uint64_t hash) {
  constexpr unsigned tag_shift = 56;
  return std::max<std::uint8_t>(1, static_cast<std::uint8_t>(hash >> tag_shift));
}

NameMatch read_entry(const char* entry) {
  NameMatch out;
  std::memcpy(&out.origin.number, entry, sizeof out.origin.number);
  const auto flags = static_cast<unsigned char>(entry[flags_at]);
  out.form = static_cast<NameForm>(flags & form_bits);
  out.is_important = (flags & important_bit) != 0;
  out.name = {entry + header, static_cast<unsigned char>(entry[length_at])};
  return out;
}

bool any(const NameMatch& /*match*/) { return true; }

}  // namespace

NameTable::Labels::Labels(std::string_view host) {
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  if (host.empty() || host.size() > longest_host) {
    return;
  }
  size = host.size();
  std::transform(host.begin(), host.end(), text.begin(), lowered);
  const std::string_view name(text.data(), size);
  std::uint64_t hash = 0;
  std::size_t end = size;
  std::size_t found = 0;
  while (true) {
    const auto dot = end == 0 ? std::string_view::npos : name.rfind('.', end - 1);
    const std::size_t begin = dot == std::string_view::npos ? 0 : dot + 1;
    if (begin == end) {
      return;  // an empty label: no name
    }
    hash = with_label(hash, name.substr(begin, end - begin));
    starts[found] = static_cast<std::uint8_t>(begin);
    hashes[found] = hash;
    ++found;
    if (begin == 0) {
      break;
    }
    end = begin - 1;
  }
  count = found;
}

NameTable::Cursor::Cursor(const NameTable& table, std::uint64_t hash)
    : table_(table),
      tag_(tag_of(hash)),
      slot_(table.tags_.empty() ? 0 : hash & (table.tags_.size() - 1)) {}

std::optional<NameMatch> NameTable::Cursor::next(std::string_view name) {
  const auto& tags = table_.tags_;
  if (tags.empty()) {
    return std::nullopt;
  }
  for (; tags[slot_] != 0; slot_ = (slot_ + 1) & (tags.size() - 1)) {
    if (tags[slot_] != tag_) {
      continue;
    }
    const NameMatch match = read_entry(table_.address(table_.offsets_[slot_]));
    if (match.name == name) {
      slot_ = (slot_ + 1) & (tags.size() - 1);
      return match;
    }
  }
  return std::nullopt;
}

std::optional<NameMatch> NameTable::Cursor::next(std::string_view name, NameForm form) {
  auto match = next(name);
  while (match && match->form != form) {
    match = next(name);
  }
  return match;
}

bool NameTable::add(const NameMatch& name) {
  constexpr std::size_t max_blocks = (std::size_t{1} << (32U - block_bits)) - 1;
  const Labels labels(name.name);
  assert(labels.count > 0 && "a name as Name::parse gives it");
  const std::uint64_t hash = labels.hashes[labels.count - 1];
  if (Cursor(*this, hash).next(name.name, name.form)) {
    return true;
  }
  if (size_ >= max || blocks_.size() >= max_blocks) {
    return false;
  }
  if (4 * (size_ + 1) > 3 * tags_.size()) {
    resize(std::max(fewest_slots, 2 * tags_.size()));
  }
  place(hash, append(name));
  ++size_;
  return true;
}

void NameTable::resize(std::size_t slots) {
  // The names are all that is needed to make the slots anew: the old ones go first.
  tags_ = {};
  offsets_ = {};
  tags_.resize(slots);
  offsets_.resize(slots);
  std::uint32_t position = 0;
  while (const auto entry = next(position)) {
    const Labels labels(entry->name);
    const auto offset = static_cast<std::uint32_t>(position - header - entry->name.size());
    place(labels.hashes[labels.count - 1], offset);
  }
}

void NameTable::place(std::uint64_t hash, std::uint32_t offset) {
  std::size_t slot = hash & (tags_.size() - 1);
  while (tags_[slot] != 0) {
    slot = (slot + 1) & (tags_.size() - 1);
  }
  tags_[slot] = tag_of(hash);
  offsets_[slot] = offset;
}

std::uint32_t NameTable::append(const NameMatch& name) {
  const std::size_t size = header + name.name.size();
  if (blocks_.empty() || filled_ + size > block_size) {
    blocks_.push_back(std::make_unique<Block>());  // of zeros: they end it
    filled_ = 0;
  }
  char* entry = blocks_.back()->data() + filled_;
  std::memcpy(entry, &name.origin.number, sizeof name.origin.number);
  entry[flags_at] = static_cast<char>(static_cast<unsigned>(name.form) |
                                      (name.is_important ? important_bit : 0U));
  entry[length_at] = static_cast<char>(name.name.size());
  std::memcpy(entry + header, name.name.data(), name.name.size());
  const auto offset = static_cast<std::uint32_t>((blocks_.size() - 1) << block_bits | filled_);
  filled_ += size;
  return offset;
}

const char* NameTable::address(std::uint32_t offset) const {
  return blocks_[offset >> block_bits]->data() + (offset & (block_size - 1));
}

std::size_t NameTable::bytes() const {
  return blocks_.size() * block_size + tags_.size() + (offsets_.size() * sizeof(std::uint32_t));
}

std::optional<NameMatch> NameTable::find(std::string_view host) const { return find(host, any); }

std::optional<NameMatch> NameTable::exact(std::string_view name, NameForm form) const {
  const Labels labels(name);
  if (labels.count == 0) {
    return std::nullopt;
  }
  return Cursor(*this, labels.hashes[labels.count - 1]).next(labels.suffix(labels.count - 1), form);
}

bool NameTable::covers(std::string_view name, NameForm form) const {
  return exact(name, form) || wider(name, form, any) ||
         (form == NameForm::both && exact(name, NameForm::exact) && exact(name, NameForm::below));
}

bool NameTable::covers(const NameTable& other) const {
  std::uint32_t position = 0;
  while (const auto name = other.next(position)) {
    if (!covers(name->name, name->form)) {
      return false;
    }
  }
  return true;
}

std::optional<NameMatch> NameTable::next(std::uint32_t& position) const {
  while (true) {
    const std::size_t block = position >> block_bits;
    const std::size_t at = position & (block_size - 1);
    if (block >= blocks_.size() || (block + 1 == blocks_.size() && at >= filled_)) {
      return std::nullopt;
    }
    if (at + header <= block_size) {
      const NameMatch match = read_entry(address(position));
      if (!match.name.empty()) {
        position += static_cast<std::uint32_t>(header + match.name.size());
        return match;
      }
    }
    position = static_cast<std::uint32_t>((block + 1) << block_bits);
  }
}

}  // namespace weir
