// How a message's list of fields becomes bytes, and bytes the message. Each message has one list,
//
//     template <typename Archive, Of<Hello> Message>
//     void fields(Archive& archive, Message& hello) { archive(hello.version, hello.program); }
//
// and writing, reading and the size of the smallest one go by it. Both ends are on one machine, but
// not of one build: everything has a fixed width, little-endian. One value has one form: what is
// read without an error would be written with the same bytes.
//
// No I/O. Any thread.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "weir/endpoint.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir::takeover {

// T, constant (to be written) or not.
template <typename Message, typename T>
concept Of = std::same_as<std::remove_const_t<Message>, T>;

enum class AddressKind : std::uint8_t { unspecified, v4, v6 };

class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : bytes_(out) {}

  template <typename... Values>
  void operator()(const Values&... values) {
    (write(values), ...);
  }
  template <typename Enumeration>
  void enumerator(const Enumeration& value, Enumeration /*last*/) {
    bytes_.u8(static_cast<std::uint8_t>(value));
  }

 private:
  template <typename Message>
  void write(const Message& message) {
    fields(*this, message);
  }
  template <std::integral Number>
  void write(const Number& value) {
    if constexpr (sizeof value == sizeof(std::uint8_t)) {
      bytes_.u8(static_cast<std::uint8_t>(value));
    } else if constexpr (sizeof value == sizeof(std::uint16_t)) {
      bytes_.u16(static_cast<std::uint16_t>(value));
    } else if constexpr (sizeof value == sizeof(std::uint32_t)) {
      bytes_.u32(static_cast<std::uint32_t>(value));
    } else {
      bytes_.u64(static_cast<std::uint64_t>(value));
    }
  }
  void write(const std::string& text) {
    size(text.size());
    bytes_.raw(text);
  }
  // Of the monotonic clock, which is the same for all processes since the machine started.
  void write(const Instant& instant) { write(instant.time_since_epoch().count()); }
  void write(const Address& address) {
    if (address == Address{}) {
      enumerator(AddressKind::unspecified, AddressKind::v6);
      return;
    }
    enumerator(address.is_v4() ? AddressKind::v4 : AddressKind::v6, AddressKind::v6);
    bytes_.address(address);
    if (!address.is_v4()) {
      write(address.scope());
    }
  }
  void write(const Endpoint& endpoint) { (*this)(endpoint.address, endpoint.port); }
  template <typename T, std::size_t count>
  void write(const std::array<T, count>& list) {
    for (const T& one : list) {
      write(one);
    }
  }
  template <typename T>
  void write(const std::vector<T>& list) {
    write(std::span<const T>(list));
  }
  template <typename T>
  void write(const std::span<const T>& list) {
    size(list.size());
    for (const T& one : list) {
      write(one);
    }
  }
  template <typename Key, typename T>
  void write(const std::map<Key, T>& entries) {
    size(entries.size());
    for (const auto& [key, value] : entries) {
      (*this)(key, value);
    }
  }
  template <typename T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) {
      write(*value);
    }
  }
  void size(std::size_t count) { write(static_cast<std::uint32_t>(count)); }

  ByteWriter<std::endian::little> bytes_;
};

// Of a T whose texts and lists are empty: no T takes fewer bytes.
template <typename T>
std::size_t smallest_size() {
  static const std::size_t size = []() {
    std::string bytes;
    FieldWriter writer(bytes);
    writer(T{});
    return bytes.size();
  }();
  return size;
}

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename... Values>
  void operator()(Values&... values) {
    (read(values), ...);
  }
  template <typename Enumeration>
  void enumerator(Enumeration& value, Enumeration last) {
    const std::uint8_t number = bytes_.u8();
    require(number <= static_cast<std::uint8_t>(last));
    value = bytes_.failed() ? Enumeration{} : static_cast<Enumeration>(number);
  }
  [[nodiscard]] bool is_complete() const { return bytes_.is_complete(); }

 private:
  template <typename Message>
  void read(Message& message) {
    fields(*this, message);
  }
  template <std::integral Number>
  void read(Number& value) {
    if constexpr (std::same_as<Number, bool>) {
      const std::uint8_t number = bytes_.u8();
      require(number <= 1);
      value = number == 1;
    } else if constexpr (sizeof value == sizeof(std::uint8_t)) {
      value = static_cast<Number>(bytes_.u8());
    } else if constexpr (sizeof value == sizeof(std::uint16_t)) {
      value = static_cast<Number>(bytes_.u16());
    } else if constexpr (sizeof value == sizeof(std::uint32_t)) {
      value = static_cast<Number>(bytes_.u32());
    } else {
      value = static_cast<Number>(bytes_.u64());
    }
  }
  void read(std::string& text) { text = bytes_.raw(bytes_.u32()); }
  void read(Instant& instant) {
    Instant::rep count = 0;
    read(count);
    instant = Instant(Instant::duration(count));
  }
  void read(Address& address) {
    AddressKind kind{};
    enumerator(kind, AddressKind::v6);
    address = {};
    if (kind == AddressKind::v4) {
      address = bytes_.address(Family::v4);
    } else if (kind == AddressKind::v6) {
      const in6_addr six = bytes_.address(Family::v6).to_v6();
      address = Address::v6(six, bytes_.u32());
      require(!address.is_v4() && address != Address{});
    }
  }
  void read(Endpoint& endpoint) { (*this)(endpoint.address, endpoint.port); }
  template <typename T, std::size_t count>
  void read(std::array<T, count>& list) {
    for (T& one : list) {
      read(one);
    }
  }
  template <typename T>
  void read(std::vector<T>& list) {
    list.resize(count(smallest_size<T>()));
    for (T& one : list) {
      read(one);
    }
  }
  template <typename Key, typename T>
  void read(std::map<Key, T>& entries) {
    entries.clear();
    for (std::size_t left = count(smallest_size<Key>() + smallest_size<T>()); left > 0; --left) {
      Key key{};
      T value{};
      (*this)(key, value);
      require(entries.empty() || entries.rbegin()->first < key);
      entries.insert_or_assign(entries.end(), std::move(key), std::move(value));
    }
  }
  template <typename T>
  void read(std::optional<T>& value) {
    bool is_there = false;
    read(is_there);
    value.reset();
    if (is_there) {
      read(value.emplace());
    }
  }
  // How many things follow, of at least `smallest` bytes each. More than can be there is a failure,
  // so that a hostile number reserves no memory.
  std::size_t count(std::size_t smallest) {
    const std::size_t out = bytes_.u32();
    require(out <= bytes_.left() / smallest);
    return bytes_.failed() ? 0 : out;
  }
  void require(bool holds) {
    if (!holds) {
      bytes_.fail();
    }
  }

  ByteReader<std::endian::little> bytes_;
};

template <typename Message>
std::string encoded(const Message& message) {
  std::string out;
  FieldWriter writer(out);
  writer(message);
  return out;
}

template <typename Message>
Result<Message> decoded(std::string_view body) {
  FieldReader reader(body);
  Message out;
  reader(out);
  if (!reader.is_complete()) {
    return Error("the other gateway sent no valid message");
  }
  return out;
}

}  // namespace weir::takeover
