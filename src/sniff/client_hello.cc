#include "sniff/client_hello.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "sniff/host_text.h"

namespace weir {
namespace {

constexpr std::uint8_t type_client_hello = 1;
constexpr std::uint8_t tls_major_version = 3;
constexpr std::size_t random_size = 32;
constexpr std::size_t longest_session_id = 32;

constexpr std::uint16_t server_name_extension = 0;
constexpr std::uint16_t encrypted_client_hello_extension = 0xfe0d;
constexpr std::uint8_t host_name_type = 0;
constexpr std::uint8_t inner_hello_type = 1;

// A field whose length is known and of which perhaps only the beginning has come. Two things end
// the reading: `cut`, what is asked for has not come yet, and `overrun`, it lies beyond the field's
// end. From then on all that is read is zero or empty. Overrun comes first: it holds whatever may
// come.
class HelloReader {
 public:
  // What has come may go on behind the field.
  HelloReader(std::string_view come, std::size_t size) : come_(come), size_(size) {}

  std::uint8_t u8() { return NetworkReader(raw(sizeof(std::uint8_t))).u8(); }
  std::uint16_t u16() { return NetworkReader(raw(sizeof(std::uint16_t))).u16(); }
  std::string_view raw(std::size_t size) {
    const std::size_t at = at_;
    skip(size);
    if (is_overrun_ || is_cut_ || come_.size() < at_) {
      is_cut_ = is_cut_ || !is_overrun_;
      return {};
    }
    return come_.substr(at, size);
  }
  // The next bytes need not have come for this.
  void skip(std::size_t size) {
    is_overrun_ = is_overrun_ || left() < size;
    at_ = is_overrun_ ? size_ : at_ + size;
  }
  // The next bytes as a field of its own, which this one goes on behind.
  HelloReader field(std::size_t size) {
    const HelloReader out(come_.substr(std::min(at_, come_.size())), std::min(size, left()));
    skip(size);
    return out;
  }

  [[nodiscard]] std::size_t left() const { return size_ - at_; }
  [[nodiscard]] bool is_good() const { return !is_overrun_ && !is_cut_; }
  // What follows from the reading's end for the whole message.
  [[nodiscard]] Sniffed end() const { return is_cut_ ? Sniffed{} : Sniffed::nothing(); }

 private:
  std::string_view come_;
  std::size_t size_;
  std::size_t at_ = 0;
  bool is_overrun_ = false;
  bool is_cut_ = false;
};

// A server_name extension's first host_name: `name`, or why there is none. Types that are unknown
// begin with a length as well (RFC 6066, section 3).
Sniffed read_server_name(HelloReader extension) {
  const std::size_t size = extension.u16();
  if (!extension.is_good() || size != extension.left()) {
    return extension.end();
  }
  while (extension.is_good() && extension.left() != 0) {
    const std::uint8_t type = extension.u8();
    const std::size_t length = extension.u16();
    if (!extension.is_good()) {
      break;
    }
    if (type != host_name_type) {
      extension.skip(length);
      continue;
    }
    const std::string_view text = extension.raw(length);
    if (!extension.is_good()) {
      break;
    }
    auto host = host_of(text);
    if (!host) {
      return Sniffed::nothing();
    }
    return {.state = Sniffed::State::name, .name = *std::move(host)};
  }
  return extension.end();
}

// From the list's first extension on.
Sniffed read_extensions(HelloReader list) {
  std::optional<Sniffed> named;
  std::optional<bool> is_outer;
  while (list.left() != 0) {
    const std::uint16_t type = list.u16();
    const std::size_t size = list.u16();
    HelloReader extension = list.field(size);
    if (!list.is_good()) {
      return list.end();
    }
    if (type == server_name_extension) {
      if (named) {
        return Sniffed::nothing();  // RFC 8446, section 4.2: at most one of a type
      }
      named = read_server_name(extension);
      if (named->state != Sniffed::State::name) {
        return *std::move(named);
      }
    } else if (type == encrypted_client_hello_extension && !is_outer) {
      const bool says_type = size != 0;
      const std::uint8_t hello_type = says_type ? extension.u8() : 0;
      if (!extension.is_good()) {
        return extension.end();
      }
      is_outer = hello_type != inner_hello_type;
    }
    if (named && is_outer) {
      break;
    }
  }
  if (!named) {
    return Sniffed::nothing();
  }
  named->is_outer = is_outer.value_or(false);
  return *std::move(named);
}

}  // namespace

Sniffed read_client_hello(std::span<const std::uint8_t> message) {
  const std::string_view come(reinterpret_cast<const char*>(message.data()), message.size());
  HelloReader header(come, longest_hello);
  const std::uint8_t type = header.u8();
  if (header.is_good() && type != type_client_hello) {
    return Sniffed::nothing();
  }
  constexpr unsigned high_byte = 16;
  std::size_t size = std::size_t{header.u8()} << high_byte;
  size |= header.u16();
  if (!header.is_good() || size > header.left()) {
    return header.end();
  }

  HelloReader hello = header.field(size);
  const std::uint8_t major_version = hello.u8();
  if (hello.is_good() && major_version != tls_major_version) {
    return Sniffed::nothing();
  }
  hello.skip(1 + random_size);
  const std::size_t session_id = hello.u8();
  if (session_id > longest_session_id) {
    return Sniffed::nothing();
  }
  hello.skip(session_id);
  const std::size_t cipher_suites = hello.u16();
  if (hello.is_good() && (cipher_suites == 0 || cipher_suites % 2 != 0)) {
    return Sniffed::nothing();
  }
  hello.skip(cipher_suites);
  const std::size_t compression_methods = hello.u8();
  if (hello.is_good() && compression_methods == 0) {
    return Sniffed::nothing();
  }
  hello.skip(compression_methods);
  if (hello.is_good() && hello.left() == 0) {
    return Sniffed::nothing();  // as before RFC 4366: no extensions
  }
  const std::size_t extensions = hello.u16();
  if (!hello.is_good() || extensions != hello.left()) {
    return hello.end();
  }
  return read_extensions(hello.field(extensions));
}

}  // namespace weir
