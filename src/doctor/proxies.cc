// A proxy that answers may still want a user name and a password, which the file does not give: the
// first words of a handshake tell. SOCKS5 is asked which methods it takes, an HTTP proxy for a
// tunnel to a name that does not exist.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "doctor/checks.h"
#include "doctor/server_list.h"

namespace weir::doctor {

namespace {

constexpr int timeout_ms = 2'000;

const Settings* section_of(const Subject& subject, const std::string& name) {
  for (const Settings& settings : subject.configuration.upstreams) {
    if (settings.name() == name) {
      return &settings;
    }
  }
  return nullptr;
}

bool is_ready(int socket, short event) {
  pollfd watched{socket, event, 0};
  return poll(&watched, 1, timeout_ms) == 1;
}

// What the server says to these first words; empty: nothing, or there is no connection.
std::string answer_to(const Endpoint& server, Mark bypass, const std::string& words) {
  const Descriptor socket(
      ::socket(domain_of(server.family()), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) {
    return "";
  }
  (void)set_option(socket.get(), SOL_SOCKET, SO_MARK, static_cast<int>(bypass.value));
  sockaddr_storage raw{};
  const socklen_t length = server.to(raw);
  (void)connect(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length);
  std::array<char, 64> answer{};
  if (!is_ready(socket.get(), POLLOUT) ||
      send(socket.get(), words.data(), words.size(), MSG_NOSIGNAL) < 0 ||
      !is_ready(socket.get(), POLLIN)) {
    return "";
  }
  const auto size = recv(socket.get(), answer.data(), answer.size(), 0);
  return size > 0 ? std::string(answer.data(), static_cast<std::size_t>(size)) : "";
}

// What the proxy holds against us; empty: nothing.
std::string objection(const std::string& type, const Endpoint& server, Mark bypass,
                      bool has_password) {
  if (type == "socks5") {
    const std::string methods =
        has_password ? std::string("\x05\x02\x00\x02", 4) : std::string("\x05\x01\x00", 3);
    const std::string answer = answer_to(server, bypass, methods);
    if (answer.size() >= 2 && answer[0] == '\x05' && answer[1] == '\xff') {
      return has_password ? "accepts neither a user name and password nor access without"
                          : "wants a user name and password";
    }
    return !answer.empty() && answer[0] != '\x05' ? "does not speak SOCKS5" : "";
  }
  const std::string answer =
      answer_to(server, bypass, "CONNECT weir.invalid:443 HTTP/1.1\r\nHost: weir.invalid\r\n\r\n");
  const bool wants = answer.size() >= 12 && answer.substr(9, 3) == "407";
  if (wants && !has_password) {
    return "wants a user name and password";
  }
  return !answer.empty() && !answer.starts_with("HTTP/") ? "does not speak HTTP" : "";
}

}  // namespace

Findings examine_proxies(const Subject& subject) {
  Findings findings;
  std::size_t asked = 0;
  for (const KnownServer& server : known_servers(subject)) {
    const std::string& type = server.used->upstream->profile().type;
    const Settings* section = section_of(subject, server.used->upstream->name());
    if ((type != "socks5" && type != "http-connect") || section == nullptr ||
        server.endpoints.empty()) {
      continue;
    }
    ++asked;
    const std::string said = objection(type, server.endpoints.front(), subject.ruleset.bypass_mark,
                                       section->given("username"));
    if (!said.empty()) {
      findings.push_back({"proxies", Level::fail,
                          server.name + " (" + server.endpoints.front().text() + ") " + said,
                          "correct 'username' and 'password-file' in [upstream " +
                              server.used->upstream->name() + "]"});
    }
  }
  if (findings.empty()) {
    findings.push_back(
        {"proxies", Level::ok,
         asked == 0 ? "none are configured" : std::to_string(asked) + " asked, and none objects",
         ""});
  }
  return findings;
}

}  // namespace weir::doctor
