// The one port, of TCP and UDP, and that of admin.http: weir's, free, or another program's.
#include <sys/socket.h>

#include <cerrno>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "doctor/checks.h"

namespace weir::doctor {

namespace {

bool is_taken(int type, Family family, Port port) {
  const Descriptor probe(::socket(domain_of(family), type | SOCK_CLOEXEC, 0));
  if (!probe.valid()) {
    return false;  // no such family here
  }
  if (family == Family::v6) {
    (void)set_option(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  if (type == SOCK_STREAM) {
    (void)set_option(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  }
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{Address::any(family), port}.to(raw);
  return bind(probe.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0 &&
         errno == EADDRINUSE;
}

// Whether another program listens where the page and the metrics are to be.
bool admin_is_taken(const Endpoint& http) {
  const Descriptor probe(::socket(domain_of(http.family()), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) {
    return false;
  }
  (void)set_option(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  sockaddr_storage raw{};
  const socklen_t length = http.to(raw);
  return bind(probe.get(), reinterpret_cast<const sockaddr*>(&raw), length) != 0 &&
         errno == EADDRINUSE;
}

}  // namespace

Findings examine_port(const Subject& subject) {
  const Port port = subject.configuration.gateway.port;
  const std::string number = std::to_string(port);
  if (subject.running) {
    if (subject.running->port != port) {
      return {{"port", Level::fail,
               "weir runs on port " + std::to_string(subject.running->port) + ", this file says " +
                   number,
               "systemctl restart weir"}};
    }
    return {{"port", Level::ok,
             "weir runs on " + number + " (process " + std::to_string(subject.running->pid) + ")",
             ""}};
  }
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    for (const Family family : {Family::v4, Family::v6}) {
      if (is_taken(type, family, port)) {
        return {{"port", Level::fail,
                 std::string(type == SOCK_STREAM ? "TCP" : "UDP") + " port " + number +
                     " is taken by another program, which the command names; or set another 'port' "
                     "in [gateway]",
                 "ss -Hlntup sport = :" + number}};
      }
    }
  }
  const auto& http = subject.configuration.admin.http;
  if (http && admin_is_taken(*http)) {
    return {{"port", Level::fail,
             "another program listens on " + http->text() +
                 ", where [admin] http is to be: weir will not start",
             "ss -Hlntp sport = :" + std::to_string(http->port)}};
  }
  return {{"port", Level::ok, number + " is free; weir does not run", ""}};
}

}  // namespace weir::doctor
