#include "admin/server.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/transparent.h"

namespace weir {
namespace {

constexpr int backlog = 1024;
// For the address of admin.http to become free.
constexpr int max_tries = 200;
constexpr Milliseconds between_tries{50};

Result<Descriptor> listen_on(const Endpoint& endpoint) {
  const int family = endpoint.family() == Family::v4 ? AF_INET : AF_INET6;
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  sockaddr_storage raw{};
  const socklen_t length = endpoint.to(raw);
  const bool listens = socket.valid() &&
                       setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       (family == AF_INET ||
                        setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
                       bind(socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0 &&
                       listen(socket.get(), backlog) == 0;
  if (!listens) {
    return system_error("cannot listen on admin.http = " + endpoint.text(), errno);
  }
  return socket;
}

}  // namespace

AdminServer::AdminServer(Loop& loop, Control& control, Log& log, const AdminLimits& limits,
                         ControlSocket socket)
    : loop_(loop),
      control_(control),
      log_(log),
      limits_(limits),
      sampler_(loop, [this]() { history_.add(control_.status()); }),
      socket_(std::move(socket)) {
  sampler_.every(History::interval);
}

HttpListener::Setup AdminServer::setup() {
  return {.loop = loop_,
          .control = control_,
          .history = history_,
          .log = log_,
          .limits = limits_,
          .hosts = wanted_.http_hosts};
}

Result<std::unique_ptr<AdminServer>> AdminServer::serve(std::unique_ptr<AdminServer> server) {
  auto local = HttpListener::start(server->setup(), Descriptor(server->socket_.release()),
                                   Access::everything);
  if (!local) {
    return local.error();
  }
  server->local_ = std::move(local).value();
  return server;
}

Result<std::unique_ptr<AdminServer>> AdminServer::start(Loop& loop, const AdminSettings& settings,
                                                        Control& control, Log& log,
                                                        const AdminLimits& limits) {
  auto socket = ControlSocket::listen(settings.socket);
  if (!socket) {
    return socket.error();
  }
  auto server = serve(std::unique_ptr<AdminServer>(
      new AdminServer(loop, control, log, limits, std::move(socket).value())));
  if (server) {
    if (auto http = server.value()->reconfigure(settings); !http) {
      return http.error();
    }
  }
  return server;
}

Result<std::unique_ptr<AdminServer>> AdminServer::prepare(Loop& loop, const AdminSettings& settings,
                                                          Control& control, Log& log,
                                                          const AdminLimits& limits) {
  auto socket = ControlSocket::prepare(settings.socket);
  if (!socket) {
    return socket.error();
  }
  return serve(std::unique_ptr<AdminServer>(
      new AdminServer(loop, control, log, limits, std::move(socket).value())));
}

Result<> AdminServer::rename_into_place(const AdminSettings& settings) {
  if (auto taken = socket_.rename_into_place(); !taken) {
    return taken.error();
  }
  wanted_ = settings;
  tries_left_ = max_tries;
  again_ = std::make_unique<Timer>(loop_, [this]() { try_http(); });
  try_http();
  return Ok{};
}

void AdminServer::try_http() {
  const auto http = reconfigure(wanted_);
  if (http) {
    return;
  }
  if (tries_left_-- == 0) {
    log_.error(http.error().text());
    return;
  }
  again_->once(between_tries);
}

Result<> AdminServer::reconfigure(const AdminSettings& settings) {
  wanted_ = settings;
  if (settings.http == address_) {
    return Ok{};
  }
  auto next = open_http(settings.http);
  // Of two addresses with the same port one may hold the other (0.0.0.0 any of them): the old
  // listener has to go first, and comes back when the new one cannot be had.
  if (!next && http_ && address_->port == settings.http->port) {
    http_.reset();
    next = open_http(settings.http);
    if (!next) {
      auto back = open_http(address_);
      if (back) {
        http_ = std::move(back).value();
      } else {
        address_.reset();
      }
    }
  }
  if (!next) {
    return next.error();
  }
  http_ = std::move(next).value();
  address_ = settings.http;
  return Ok{};
}

Result<std::unique_ptr<HttpListener>> AdminServer::open_http(
    const std::optional<Endpoint>& address) {
  if (!address) {
    return std::unique_ptr<HttpListener>();
  }
  auto socket = listen_on(*address);
  if (!socket) {
    return socket.error();
  }
  return HttpListener::start(setup(), std::move(socket).value(), Access::read_only);
}

}  // namespace weir
