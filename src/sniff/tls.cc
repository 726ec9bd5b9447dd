#include "sniff/tls.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "sniff/client_hello.h"

namespace weir {
namespace {

constexpr std::uint8_t content_type_handshake = 22;
constexpr std::uint8_t record_major_version = 3;
constexpr std::uint8_t last_record_minor_version = 4;
constexpr std::size_t record_header_size = 5;
constexpr std::size_t longest_fragment = std::size_t{1} << 14U;

// The records of a handshake, one after the other, of which the last one may be cut.
class HandshakeRecords {
 public:
  explicit HandshakeRecords(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  // What has come of the next record's fragment; empty where nothing has, or where no such record
  // follows (`is_broken`).
  std::span<const std::uint8_t> next() {
    if (!is_header_sound()) {
      is_broken_ = true;
    }
    if (is_broken_ || rest_.size() < record_header_size) {
      rest_ = {};
      return {};
    }
    const std::size_t size = std::min(length(), rest_.size() - record_header_size);
    const auto fragment = rest_.subspan(record_header_size, size);
    rest_ = rest_.subspan(record_header_size + size);
    return fragment;
  }
  [[nodiscard]] bool is_broken() const { return is_broken_; }

 private:
  // Whether as much of the header as has come may be that of such a record.
  [[nodiscard]] bool is_header_sound() const {
    return (rest_.empty() || rest_[0] == content_type_handshake) &&
           (rest_.size() < 2 || rest_[1] == record_major_version) &&
           (rest_.size() < 3 || rest_[2] <= last_record_minor_version) &&
           (rest_.size() < record_header_size || (length() != 0 && length() <= longest_fragment));
  }
  [[nodiscard]] std::size_t length() const {
    constexpr std::size_t type_and_version = 3;
    return NetworkReader(rest_.subspan(type_and_version)).u16();
  }

  std::span<const std::uint8_t> rest_;
  bool is_broken_ = false;
};

}  // namespace

Sniffed sniff_tls(std::span<const std::uint8_t> first_bytes) {
  HandshakeRecords records(first_bytes);
  // Nearly every hello is in one record: that is read where it is.
  const auto first = records.next();
  Sniffed out = read_client_hello(first);
  if (out.state != Sniffed::State::more) {
    return out;
  }
  std::vector<std::uint8_t> message;
  for (auto next = records.next(); !next.empty() && message.size() < longest_hello;
       next = records.next()) {
    if (message.empty()) {
      message.assign(first.begin(), first.end());
    }
    message.insert(message.end(), next.begin(), next.end());
  }
  if (!message.empty()) {
    out = read_client_hello(message);
  }
  const bool is_broken = out.state == Sniffed::State::more && records.is_broken();
  return is_broken ? Sniffed::nothing() : out;
}

}  // namespace weir
