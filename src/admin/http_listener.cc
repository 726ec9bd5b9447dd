// How a request lives. libmicrohttpd calls on_request several times: once when the headers are
// there, then for every piece of the body, then once more at its end. There the request goes to the
// Api. If the answer has come by the time the Api returns, it is sent; if not, the connection is
// suspended, and when the answer comes it is resumed, on_request is called once more, and sends it.
// on_completed is called when an answer has been sent or its reader has gone.
//
// A read-only listener has a budget for each address (RequestBudget). Requests beyond it are put
// aside for a second before they are refused: a client that asks in a loop then asks once a second.
//
// While a connection is suspended libmicrohttpd neither watches nor times it, so waiting answers
// have a deadline of our own.
#include "admin/http_listener.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/host_names.h"
#include "admin/request_budget.h"
#include "base/descriptor_limit.h"

namespace weir {
namespace {

constexpr std::size_t connection_memory = std::size_t{32} * 1024;  // request line and headers
constexpr Milliseconds deadline_check{1'000};

// One request and its answer.
struct Exchange {
  MHD_Connection* connection = nullptr;
  ApiRequest request;
  bool handled = false;
  bool suspended = false;
  bool sending = false;
  bool too_often = false;  // the refusal comes later, and holds the client up until then
  Instant since{};
  std::optional<ApiAnswer> answer;
};

// libmicrohttpd's pointer-sized place of a request holds one of these.
using Held = std::shared_ptr<Exchange>;

MHD_Result add_parameter(void* request, MHD_ValueKind /*kind*/, const char* key,
                         std::size_t key_size, const char* value, std::size_t value_size) {
  static_cast<ApiRequest*>(request)->query.emplace_back(
      std::string(key, key_size),
      value == nullptr ? std::string() : std::string(value, value_size));
  return MHD_YES;
}

// A browser sends a Host with each request.
bool comes_by_another_name(MHD_Connection* connection, const std::vector<std::string>& names) {
  const char* host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
  return host != nullptr && !may_be_asked_by(host, names);
}

// The client's address; unspecified for a client on a Unix socket.
Address asker_of(MHD_Connection* connection) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg)
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr || info->client_addr == nullptr) {
    return {};
  }
  sockaddr_storage from{};
  const bool v4 = info->client_addr->sa_family == AF_INET;
  std::memcpy(&from, info->client_addr, v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  return Endpoint::from(from).address;
}

// Who asks on a Unix socket; UINT32_MAX: not known.
std::uint32_t user_of(MHD_Connection* connection) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg)
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  ucred peer{};
  socklen_t length = sizeof peer;
  return info != nullptr &&
                 getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0
             ? peer.uid
             : UINT32_MAX;
}

bool announces_more_than(MHD_Connection* connection, std::size_t limit) {
  const char* length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
  return length != nullptr && std::strtoull(length, nullptr, 10) > limit;
}

}  // namespace

struct HttpListener::State {
  State(const Setup& setup, Access access_)
      : loop(setup.loop),
        api(setup.control, setup.history),
        log(setup.log),
        limits(setup.limits),
        hosts(setup.hosts),
        access(access_) {}
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Loop& loop;
  Api api;
  Log& log;
  AdminLimits limits;
  const std::vector<std::string>& hosts;
  Access access;
  MHD_Daemon* daemon = nullptr;
  std::unique_ptr<Poll> poll;
  std::unique_ptr<Timer> next_timeout;  // libmicrohttpd's
  std::unique_ptr<Timer> timers;        // of waiting answers
  std::vector<Held> waiting;
  RequestBudget budget;  // of a read-only listener
  std::size_t answer_bytes = 0;
  bool closed_one = false;  // in this run
  bool paused = false;      // does not look for what there is to do
  Instant paid_until{};     // with this thread's time
  bool stopping = false;    // answers nothing new

  Result<> start(Descriptor socket);
  void run();
  [[nodiscard]] Milliseconds pause_after(Instant began);
  void ask(const Held& held);
  void answer(Exchange& exchange, ApiAnswer answer);
  MHD_Result send(Exchange& exchange);
  void check_timers();

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char* version, const char* data,
                               std::size_t* size, void** slot);
  static void on_connection(void* self, MHD_Connection* connection, void** slot,
                            MHD_ConnectionNotificationCode code);
  static void on_completed(void* self, MHD_Connection* connection, void** slot,
                           MHD_RequestTerminationCode code);
  static void on_trouble(void* self, const char* format, std::va_list arguments);
};

Result<> HttpListener::State::start(Descriptor socket) {
  const std::array options{
      MHD_OptionItem{MHD_OPTION_LISTEN_SOCKET, socket.get(), nullptr},
      MHD_OptionItem{MHD_OPTION_CONNECTION_LIMIT, static_cast<std::intptr_t>(limits.connections),
                     nullptr},
      // 0 is any number; libmicrohttpd counts those of Unix sockets never.
      MHD_OptionItem{MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                     static_cast<std::intptr_t>(limits.connections_per_address), nullptr},
      MHD_OptionItem{MHD_OPTION_CONNECTION_TIMEOUT, static_cast<std::intptr_t>(limits.idle.count()),
                     nullptr},
      MHD_OptionItem{MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                     static_cast<std::intptr_t>(connection_memory), nullptr},
      MHD_OptionItem{MHD_OPTION_NOTIFY_COMPLETED, reinterpret_cast<std::intptr_t>(&on_completed),
                     this},
      MHD_OptionItem{MHD_OPTION_NOTIFY_CONNECTION, reinterpret_cast<std::intptr_t>(&on_connection),
                     this},
      MHD_OptionItem{MHD_OPTION_END, 0, nullptr},
  };
  constexpr unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg)
  daemon =
      MHD_start_daemon(flags, 0, nullptr, nullptr, &on_request, this, MHD_OPTION_EXTERNAL_LOGGER,
                       &on_trouble, this, MHD_OPTION_ARRAY, options.data(), MHD_OPTION_END);
  if (daemon == nullptr) {
    return Error("cannot start the admin server");
  }
  static_cast<void>(socket.release());  // libmicrohttpd closes it
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg)
  const auto* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  poll = std::make_unique<Poll>(loop, info->epoll_fd, [this](Poll::Ready) { run(); });
  next_timeout = std::make_unique<Timer>(loop, [this] { run(); });
  timers = std::make_unique<Timer>(loop, [this] { check_timers(); });
  poll->watch({.readable = true});
  return Ok{};
}

HttpListener::State::~State() {
  stopping = true;
  poll.reset();  // before its descriptor goes
  next_timeout.reset();
  timers.reset();
  for (const auto& held : std::exchange(waiting, {})) {
    answer(*held, error_answer(503, {"the gateway is stopping"}));
  }
  if (daemon != nullptr) {
    MHD_run(daemon);  // a last chance for answers
    MHD_stop_daemon(daemon);
  }
}

void HttpListener::State::run() {
  closed_one = false;
  const Instant began = clock_now();
  {
    const SpareDescriptors may_be_used;
    MHD_run(daemon);
  }
  MHD_UNSIGNED_LONG_LONG ms = 0;
  if (const auto pause = pause_after(began); pause > Milliseconds(0)) {
    paused = true;
    poll->watch({.readable = false, .writable = false});
    next_timeout->once(pause);
    return;
  }
  if (std::exchange(paused, false)) {
    poll->watch({.readable = true, .writable = false});
  }
  if (closed_one) {
    // At the bound on connections libmicrohttpd stops listening, and notices only at the beginning
    // of the next run that there is room again.
    next_timeout->once(Milliseconds(0));
  } else if (MHD_get_timeout(daemon, &ms) == MHD_YES) {
    next_timeout->once(Milliseconds(ms));
  } else {
    next_timeout->stop();
  }
}

// A read-only listener gets a fifth of this thread's time: however many clients ask, everything
// else on the processors goes on. The clients wait in the socket's backlog.
Milliseconds HttpListener::State::pause_after(Instant began) {
  if (access != Access::read_only) {
    return Milliseconds(0);
  }
  constexpr int share = 5;
  const Instant now = clock_now();
  paid_until = std::max(paid_until, began) + (now - began) * share;
  return std::chrono::floor<Milliseconds>(paid_until - now);
}

void HttpListener::State::on_connection(void* self, MHD_Connection* /*connection*/, void** /*slot*/,
                                        MHD_ConnectionNotificationCode code) {
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    static_cast<State*>(self)->closed_one = true;
  }
}

MHD_Result HttpListener::State::on_request(void* self, MHD_Connection* connection, const char* url,
                                           const char* method, const char* /*version*/,
                                           const char* data, std::size_t* size, void** slot) {
  auto& server = *static_cast<State*>(self);
  if (*slot == nullptr) {
    auto held = std::make_shared<Exchange>();
    held->connection = connection;
    held->request.access = server.access;
    if (server.access == Access::everything) {
      held->request.uid = user_of(connection);
    }
    held->request.method = method;
    held->request.path = url;
    *slot = new Held(held);
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, &add_parameter, &held->request);
    if (server.access == Access::read_only && comes_by_another_name(connection, server.hosts)) {
      held->answer = error_answer(421, {"admin.http does not answer under this name: use its "
                                        "address, or add the name to [admin] "
                                        "http-host"});
      return server.send(*held);
    }
    if (announces_more_than(connection, server.limits.request_bytes)) {
      held->answer = error_answer(413, {"the request is too large"});
      return server.send(*held);
    }
    return MHD_YES;
  }
  const Held& held = *static_cast<Held*>(*slot);
  if (*size > 0) {
    if (held->request.body.size() + *size > server.limits.request_bytes) {
      return MHD_NO;  // it did not announce its size; nothing to be said in the middle of it
    }
    held->request.body.append(data, *size);
    *size = 0;
    return MHD_YES;
  }
  if (!held->handled) {
    held->handled = true;
    if (server.stopping) {
      held->answer = error_answer(503, {"the gateway is stopping"});
    } else {
      server.ask(held);
    }
  }
  if (held->answer) {
    return server.send(*held);
  }
  if (!held->suspended) {
    held->suspended = true;
    if (server.waiting.empty()) {
      server.timers->once(deadline_check);
    }
    server.waiting.push_back(held);
    MHD_suspend_connection(connection);
  }
  return MHD_YES;
}

// The answer may outlive the exchange, and the exchange the server: the callback that answers owns
// neither.
void HttpListener::State::ask(const Held& held) {
  held->since = clock_now();
  if (access == Access::read_only &&
      !budget.take(asker_of(held->connection), Api::cost_of(held->request), held->since)) {
    held->too_often = true;
    return;
  }
  api.handle(held->request, [this, weak = std::weak_ptr<Exchange>(held)](ApiAnswer given) {
    if (const auto exchange = weak.lock()) {
      std::erase(waiting, exchange);
      answer(*exchange, std::move(given));
    }
  });
}

void HttpListener::State::answer(Exchange& exchange, ApiAnswer given) {
  if (exchange.answer) {
    return;
  }
  exchange.answer = std::move(given);
  if (std::exchange(exchange.suspended, false)) {
    MHD_resume_connection(exchange.connection);
    if (next_timeout) {
      next_timeout->once(Milliseconds(0));  // libmicrohttpd has no thread here that would wake
    }
  }
}

MHD_Result HttpListener::State::send(Exchange& exchange) {
  if (answer_bytes + exchange.answer->body.size() > limits.answer_bytes) {
    exchange.answer = error_answer(503, {"too many answers are being read; try again"});
  }
  auto& given = *exchange.answer;
  // The text stays where it is until on_completed.
  MHD_Response* response =
      MHD_create_response_from_buffer(given.body.size(), given.body.data(), MHD_RESPMEM_PERSISTENT);
  if (response == nullptr) {
    return MHD_NO;
  }
  MHD_add_response_header(response, "Content-Type", given.type.c_str());
  MHD_add_response_header(response, "Cache-Control", "no-store");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  if (!given.policy.empty()) {
    MHD_add_response_header(response, "Content-Security-Policy", given.policy.c_str());
  }
  if (!given.allow.empty()) {
    MHD_add_response_header(response, "Allow", given.allow.c_str());
  }
  const auto queued = MHD_queue_response(exchange.connection, given.status, response);
  MHD_destroy_response(response);
  if (queued == MHD_YES) {
    answer_bytes += given.body.size();
    exchange.sending = true;
  }
  return queued;
}

void HttpListener::State::on_completed(void* self, MHD_Connection* /*connection*/, void** slot,
                                       MHD_RequestTerminationCode /*code*/) {
  if (*slot == nullptr) {
    return;
  }
  auto& server = *static_cast<State*>(self);
  const std::unique_ptr<Held> held(static_cast<Held*>(std::exchange(*slot, nullptr)));
  if ((*held)->sending) {
    server.answer_bytes -= (*held)->answer->body.size();
  }
}

void HttpListener::State::check_timers() {
  const Instant now = clock_now();
  const auto late = std::stable_partition(waiting.begin(), waiting.end(), [&](const Held& held) {
    return now - held->since < (held->too_often ? deadline_check : limits.answer);
  });
  const std::vector<Held> expired(late, waiting.end());
  waiting.erase(late, waiting.end());
  for (const auto& held : expired) {
    answer(*held, held->too_often
                      ? error_answer(429, {"this address asks too often; try again in a second"})
                      : error_answer(503, {"the workers did not answer in time"}));
  }
  if (!waiting.empty()) {
    timers->once(deadline_check);
  }
}

// What libmicrohttpd has to say is about clients that misbehave: of use to those who debug one.
void HttpListener::State::on_trouble(void* self, const char* format, std::va_list arguments) {
  std::array<char, 512> text{};
  const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
  if (length > 0) {
    std::string_view message(
        text.data(), std::min<std::size_t>(static_cast<std::size_t>(length), text.size() - 1));
    message = message.substr(0, message.find_last_not_of('\n') + 1);
    static_cast<State*>(self)->log.debug("admin: " + std::string(message));
  }
}

HttpListener::HttpListener(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpListener::~HttpListener() = default;

Result<std::unique_ptr<HttpListener>> HttpListener::start(const Setup& setup, Descriptor socket,
                                                          Access access) {
  auto state = std::make_unique<State>(setup, access);
  if (auto started = state->start(std::move(socket)); !started) {
    return started.error();
  }
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(state)));
}

}  // namespace weir
