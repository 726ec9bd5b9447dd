// HTTP/1.1 CONNECT (RFC 9110, section 9.3.6), as a client, with Basic authentication (RFC 7617).
//
// Any 2xx answer opens the tunnel; what stands behind its header belongs to the flow, whatever
// Content-Length or Transfer-Encoding say. 1xx answers are passed over.
//
// Owner and thread: weir/handshake.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "handshake/credentials.h"
#include "weir/handshake.h"
#include "weir/target.h"

namespace weir {

// RFC 4648, section 4.
[[nodiscard]] std::string base64(std::string_view bytes);

class HttpConnectHandshake final : public Handshake {
 public:
  // All of an answer's header, and those of the 1xx answers before it.
  static constexpr std::size_t longest_header = std::size_t{64} * 1024;

  // `probe` asks for no tunnel, only whether the proxy speaks HTTP and lets us in: any answer but
  // 407 says so.
  enum class Purpose : std::uint8_t { tunnel, probe };

  HttpConnectHandshake(Target target, std::shared_ptr<const Credentials> credentials,
                       Purpose purpose = Purpose::tunnel);

  [[nodiscard]] State start(const Opening& opening, std::string& out) override;
  [[nodiscard]] Progress receive(std::string_view in, std::string& out) override;
  [[nodiscard]] bool is_requesting() const override { return purpose_ != Purpose::probe; }

 private:
  enum class Where : std::uint8_t { status_line, fields };

  // One line of the header, without its end. Says how the handshake stands after it.
  State on_line();
  State on_status_line();
  State refused();

  Target target_;
  Purpose purpose_;
  std::shared_ptr<const Credentials> credentials_;
  Where where_ = Where::status_line;
  std::string line_;
  std::size_t taken_ = 0;
  int status_ = 0;
  std::string phrase_;
};

}  // namespace weir
