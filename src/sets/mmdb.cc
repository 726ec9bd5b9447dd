#include "sets/mmdb.h"

#include <maxminddb.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "sets/list_source.h"
#include "sets/number_ranges.h"

namespace weir {
namespace {

constexpr std::size_t largest_database = std::size_t{1} << 30U;

constexpr unsigned v4_depth = 96;  // of the IPv4 networks in a tree of IPv6

Error no_memory() { return Error("cannot copy it: " + std::generic_category().message(errno)); }

Result<> append(const Descriptor& copy, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(copy.get(), bytes.data(), bytes.size());
    if (wrote < 0) {
      return no_memory();
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return Ok{};
}

Descriptor memory_file() { return Descriptor(memfd_create("weir-mmdb", MFD_CLOEXEC)); }

// Of a value in a record: its key, and the key within that, where there is one.
struct Path {
  const char* key = nullptr;
  const char* inner = nullptr;
};

std::optional<MMDB_entry_data_s> value_at(MMDB_entry_s entry, const Path& path) {
  const std::array<const char*, 3> keys{path.key, path.inner, nullptr};
  MMDB_entry_data_s out{};
  const int code = MMDB_aget_value(&entry, &out, keys.data());
  return code == MMDB_SUCCESS && out.has_data ? std::optional(out) : std::nullopt;
}

std::string_view text_of(const std::optional<MMDB_entry_data_s>& value) {
  return value && value->type == MMDB_DATA_TYPE_UTF8_STRING
             ? std::string_view(value->utf8_string, value->data_size)
             : std::string_view{};
}

std::uint32_t number_of_system(const std::optional<MMDB_entry_data_s>& value) {
  if (value && value->type == MMDB_DATA_TYPE_UINT32) {
    return value->uint32;
  }
  std::string_view text = text_of(value);
  std::uint32_t out = 0;
  if (text.starts_with("AS")) {
    text.remove_prefix(2);
    std::from_chars(text.data(), text.data() + text.size(), out);
  }
  return out;
}

// The names that makers of databases have for the same. Where a network is used counts before where
// it is registered.
constexpr std::array<Path, 4> country_paths{
    {{"country", "iso_code"}, {"country"}, {"country_code"}, {"registered_country", "iso_code"}}};
constexpr std::array<Path, 3> system_paths{
    {{"autonomous_system_number"}, {"traits", "autonomous_system_number"}, {"asn"}}};

NetworkFacts facts_of(const MMDB_entry_s& entry) {
  NetworkFacts out;
  for (std::size_t i = 0; i < country_paths.size() && out.country.empty(); ++i) {
    const std::string_view code = text_of(value_at(entry, country_paths[i]));
    out.country = code.size() == 2 ? code : std::string_view{};
  }
  for (std::size_t i = 0; i < system_paths.size() && out.autonomous_system == 0; ++i) {
    out.autonomous_system = number_of_system(value_at(entry, system_paths[i]));
  }
  return out;
}

Wide with_bit(Wide number, unsigned bit) {
  constexpr unsigned half = 64;
  (bit < half ? number.high : number.low) |= std::uint64_t{1} << (half - 1 - bit % half);
  return number;
}

// One pass through the tree.
class Walk {
 public:
  Walk(const MMDB_s& database, const Mmdb::Classify& classify, const Mmdb::Take& take)
      : database_(database),
        classify_(classify),
        take_(take),
        is_v6_(database.metadata.ip_version == 6),
        steps_left_(std::uint64_t{database.metadata.node_count} * steps_a_node) {}

  Result<> run() {
    const int of = node(0, {}, 0);
    emit(of, {}, 0);
    return failed_ ? Result<>(*std::move(failed_)) : Result<>(Ok{});
  }

 private:
  static constexpr int mixed = -2;  // what is of a class has been taken
  // A tree has each node once; those that writers share (aliases) are few.
  static constexpr std::uint64_t steps_a_node = 2;

  [[nodiscard]] unsigned depth_of_tree() const { return is_v6_ ? 128 : 32; }

  // Of which class all below the node is: one, none, or mixed.
  int node(std::uint32_t number, const Wide& network, unsigned depth) {
    if (depth >= depth_of_tree() || steps_left_ == 0) {
      fail(depth >= depth_of_tree() ? "its tree is deeper than an address is long"
                                    : "its tree has nodes in several places");
      return mixed;
    }
    --steps_left_;
    MMDB_search_node_s records{};
    if (MMDB_read_node(&database_, number, &records) != MMDB_SUCCESS) {
      fail("its tree leads out of the file");
      return mixed;
    }
    const Wide right_network = with_bit(network, depth);
    const int left = record(records.left_record_type, records.left_record,
                            records.left_record_entry, network, depth + 1);
    const int right = record(records.right_record_type, records.right_record,
                             records.right_record_entry, right_network, depth + 1);
    if (left == right) {
      return left;
    }
    emit(left, network, depth + 1);
    emit(right, right_network, depth + 1);
    return mixed;
  }

  int record(std::uint8_t type, std::uint64_t value, const MMDB_entry_s& entry, const Wide& network,
             unsigned depth) {
    const bool is_v4_root = is_v6_ && depth == v4_depth && network == Wide{};
    if (failed_ || type == MMDB_RECORD_TYPE_EMPTY) {
      return Mmdb::unclassed;
    }
    int of = Mmdb::unclassed;
    if (type == MMDB_RECORD_TYPE_DATA) {
      of = class_of(entry);
    } else if (type != MMDB_RECORD_TYPE_SEARCH_NODE) {
      fail("its tree leads out of the file");
    } else if (is_v4_root || !is_alias(value)) {
      of = node(static_cast<std::uint32_t>(value), network, depth);
    }
    if (!is_v4_root) {
      return of;
    }
    emit(of, network, depth);  // no IPv6 network has an IPv4 one in it
    return Mmdb::unclassed;
  }

  [[nodiscard]] bool is_alias(std::uint64_t node) const {
    return is_v6_ && database_.ipv4_start_node.netmask == v4_depth &&
           node == database_.ipv4_start_node.node_value;
  }

  int class_of(const MMDB_entry_s& entry) {
    const auto [known, is_new] = classes_.try_emplace(entry.offset, Mmdb::unclassed);
    if (is_new) {
      known->second = classify_(facts_of(entry));
    }
    return known->second;
  }

  void emit(int of, const Wide& network, unsigned depth) {
    if (of < 0 || failed_) {
      return;
    }
    Prefix prefix;
    if (!is_v6_) {
      constexpr unsigned unused = 32;
      prefix = {address_of(static_cast<Narrow>(network.high >> unused)),
                static_cast<std::uint8_t>(depth)};
    } else if (depth >= v4_depth && first_of(network, v4_depth) == Wide{}) {
      prefix = {address_of(static_cast<Narrow>(network.low)),
                static_cast<std::uint8_t>(depth - v4_depth)};
    } else {
      prefix = {address_of(network), static_cast<std::uint8_t>(depth)};
      if (prefix.address.is_v4()) {
        return;  // v4-mapped
      }
    }
    give(prefix, of);
    // A record above the IPv4 networks is all of theirs, too.
    if (is_v6_ && depth < v4_depth && network == Wide{}) {
      give({Address::any(Family::v4), 0}, of);
    }
  }

  void give(const Prefix& prefix, int of) {
    if (auto taken = take_(prefix, of); !taken) {
      failed_ = taken.error();
    }
  }

  void fail(const char* why) {
    if (!failed_) {
      failed_ = Error(why);
    }
  }

  const MMDB_s& database_;
  const Mmdb::Classify& classify_;
  const Mmdb::Take& take_;
  bool is_v6_;
  std::uint64_t steps_left_;
  std::unordered_map<std::uint32_t, int> classes_;  // of records, by where they stand
  std::optional<Error> failed_;
};

}  // namespace

void Mmdb::Close::operator()(MMDB_s* database) const {
  MMDB_close(database);
  delete database;
}

Mmdb::Mmdb(std::unique_ptr<MMDB_s, Close> database) : database_(std::move(database)) {}

Result<Mmdb> Mmdb::open_copy(const Descriptor& copy) {
  auto database = std::make_unique<MMDB_s>();
  const std::string path = "/proc/self/fd/" + std::to_string(copy.get());
  const int code = MMDB_open(path.c_str(), MMDB_MODE_MMAP, database.get());
  if (code == MMDB_FILE_OPEN_ERROR || code == MMDB_IO_ERROR || code == MMDB_OUT_OF_MEMORY_ERROR) {
    return Error(std::string("cannot look into it: ") + MMDB_strerror(code));
  }
  if (code != MMDB_SUCCESS) {
    return Error("it is no MaxMind database, or a damaged one");
  }
  return Mmdb(std::unique_ptr<MMDB_s, Close>(database.release()));
}

Result<Mmdb> Mmdb::open(ListSource& source) {
  const Descriptor copy = memory_file();
  if (!copy.valid()) {
    return no_memory();
  }
  constexpr std::size_t piece = std::size_t{256} << 10U;
  std::vector<char> buffer(piece);
  std::size_t total = 0;
  while (true) {
    const auto got = source.read(buffer);
    if (!got) {
      return got.error();
    }
    if (got.value() == 0) {
      return total > 0 ? open_copy(copy) : Error("it is empty");
    }
    total += got.value();
    if (total > largest_database) {
      return Error("it is larger than 1GiB");
    }
    if (auto wrote = append(copy, {buffer.data(), got.value()}); !wrote) {
      return wrote.error();
    }
  }
}

Result<> Mmdb::walk(const Classify& classify, const Take& take) const {
  const auto version = database_->metadata.ip_version;
  if (version != 4 && version != 6) {
    return Error("it is damaged: it is of neither IPv4 nor IPv6");
  }
  return Walk(*database_, classify, take).run();
}

std::string Mmdb::type() const {
  return database_->metadata.database_type != nullptr ? database_->metadata.database_type : "";
}

}  // namespace weir
