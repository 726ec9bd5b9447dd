// A small MaxMind database (MaxMind DB File Format 2.0), written for tests: networks with records,
// and the damage that a test asks for.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/prefix.h"
#include "sets/number_ranges.h"

namespace weir {

class MmdbWriter {
 public:
  enum class Version : std::uint16_t { v4 = 4, v6 = 6 };
  enum class RecordBits : std::uint16_t { bits24 = 24, bits28 = 28, bits32 = 32 };

  explicit MmdbWriter(Version version, RecordBits bits = RecordBits::bits24,
                      std::string type = "Test-Country")
      : version_(version), bits_(bits), type_(std::move(type)), nodes_(1) {}

  // Values, in the format's data section.
  static std::string text(std::string_view value) {
    constexpr std::size_t extended = 29;
    std::string out(1, static_cast<char>(0x40U | std::min(value.size(), extended)));
    if (value.size() >= extended) {
      out += static_cast<char>(value.size() - extended);
    }
    return out += value;
  }
  static std::string number(std::uint32_t value) {  // uint32
    return std::string(1, static_cast<char>(0xc4)) + big_endian(value, 4);
  }
  static std::string map(const std::vector<std::pair<std::string, std::string>>& entries) {
    std::string out(1, static_cast<char>(0xe0U | entries.size()));
    for (const auto& [key, value] : entries) {
      out += text(key) + value;
    }
    return out;
  }
  static std::string country(std::string_view code) {
    return map({{"continent", map({{"code", text("XX")}})},
                {"country", map({{"geoname_id", number(7)}, {"iso_code", text(code)}})}});
  }
  static std::string system(std::uint32_t number_of) {
    return map({{"autonomous_system_number", number(number_of)},
                {"autonomous_system_organization", text("Example")}});
  }

  // Later networks lie over earlier ones. IPv4 networks of an IPv6 tree are those of ::/96.
  void add(const Prefix& network, const std::string& record) {
    const auto [offset, is_new] = records_.try_emplace(record, data_.size());
    if (is_new) {
      data_ += record;
    }
    point(network, {Kind::data, offset->second});
  }
  // The network leads to where the IPv4 networks begin. REQUIRES: an IPv6 tree with such.
  void alias(const Prefix& network) { point(network, {Kind::node, node_of(96, {})}); }
  // The network leads to the root, and so round and round.
  void loop(const Prefix& network) { point(network, {Kind::node, 0}); }

  [[nodiscard]] std::string bytes() const {
    std::string out;
    for (const Node& node : nodes_) {
      write(out, node);
    }
    out += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    return out + map({{"binary_format_major_version", number16(2)},
                      {"binary_format_minor_version", number16(0)},
                      {"build_epoch", std::string("\x01\x02", 2) + "\x10"},
                      {"database_type", text(type_)},
                      {"description", map({{"en", text("test")}})},
                      {"ip_version", number16(static_cast<std::uint16_t>(version_))},
                      {"languages", std::string("\x01\x04", 2) + text("en")},
                      {"node_count", number(static_cast<std::uint32_t>(nodes_.size()))},
                      {"record_size", number16(static_cast<std::uint16_t>(bits_))}});
  }

 private:
  enum class Kind : std::uint8_t { empty, node, data };
  struct Record {
    Kind kind = Kind::empty;
    std::size_t value = 0;
  };
  using Node = std::array<Record, 2>;

  static std::string big_endian(std::uint64_t value, unsigned bytes) {
    std::string out;
    for (unsigned i = bytes; i-- > 0;) {
      out += static_cast<char>(value >> (8 * i));
    }
    return out;
  }
  static std::string number16(std::uint16_t value) {
    return std::string(1, static_cast<char>(0xa2)) + big_endian(value, 2);
  }

  static unsigned bit(const Wide& number, unsigned at) {
    return static_cast<unsigned>((at < 64 ? number.high >> (63 - at) : number.low >> (127 - at)) &
                                 1U);
  }

  // The node that a path of so many bits leads to; made where there is none.
  std::size_t node_of(unsigned depth, const Wide& path) {
    std::size_t at = 0;
    for (unsigned i = 0; i < depth; ++i) {
      const Record next = nodes_[at][bit(path, i)];
      if (next.kind != Kind::node) {
        nodes_.push_back({next, next});
        nodes_[at][bit(path, i)] = {Kind::node, nodes_.size() - 1};
      }
      at = nodes_[at][bit(path, i)].value;
    }
    return at;
  }

  void point(const Prefix& network, const Record& record) {
    Wide path = wide(network.address);
    unsigned depth = network.length;
    if (network.address.is_v4() && version_ == Version::v6) {
      path.low &= 0xffffffffU;  // not the v4-mapped form
      depth += 96;
    } else if (network.address.is_v4()) {
      path = {path.low << 32U, 0};
    }
    nodes_[node_of(depth - 1, path)][bit(path, depth - 1)] = record;
  }

  [[nodiscard]] std::uint64_t value_of(const Record& record) const {
    switch (record.kind) {
      case Kind::node:
        return record.value;
      case Kind::data:
        return nodes_.size() + 16 + record.value;
      case Kind::empty:
        break;
    }
    return nodes_.size();
  }

  void write(std::string& out, const Node& node) const {
    const std::uint64_t left = value_of(node[0]);
    const std::uint64_t right = value_of(node[1]);
    const auto bits = static_cast<unsigned>(bits_);
    if (bits == 28) {
      out += big_endian(left & 0xffffffU, 3);
      out += static_cast<char>((left >> 24U & 0xfU) << 4U | (right >> 24U & 0xfU));
      out += big_endian(right & 0xffffffU, 3);
    } else {
      out += big_endian(left, bits / 8) + big_endian(right, bits / 8);
    }
  }

  Version version_;
  RecordBits bits_;
  std::string type_;
  std::vector<Node> nodes_;
  std::map<std::string, std::size_t> records_;  // where each stands in the data
  std::string data_;
};

}  // namespace weir
