#include "dns/resolver.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dns/channel.h"
#include "dns/name_answers.h"
#include "dns/service_resolver.h"

namespace weir {
namespace {

constexpr const char* system_servers = "/etc/resolv.conf";

// When the system's list of servers was last written; a router's changes with its uplink.
std::array<std::int64_t, 3> version_of_system_servers() {
  struct stat status {};
  if (stat(system_servers, &status) != 0) {
    return {};
  }
  return {static_cast<std::int64_t>(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace

struct Resolver::State {
  State(Loop& loop_, Mark bypass_, Log& log_)
      : loop(loop_),
        bypass(bypass_),
        log(log_),
        next(loop_, [this] { ask_what_is_due(); }),
        services(loop_, log_,
                 {.channel = [this]() -> DnsChannel& { return *channel; },
                  .bounds =
                      [this] {
                        return RefreshBounds{settings.min_ttl, settings.max_ttl};
                      }}) {}

  // One name, and the servers that wait for its addresses.
  struct Name {
    explicit Name(const std::string& name) : answers(name) {}
    explicit Name(KnownName known) : answers(std::move(known)) {}
    NameAnswers answers;
    std::vector<std::weak_ptr<Server>> servers;
    bool asking = false;
    std::optional<FamilyAnswer> four;  // of the lookup that goes on
    std::optional<FamilyAnswer> six;
  };

  Loop& loop;
  Mark bypass;
  Log& log;
  DnsSettings settings;
  std::array<std::int64_t, 3> system_version{};
  std::map<std::string, Name> names;
  std::unique_ptr<DnsChannel> channel;
  Timer next;
  ServiceResolver services;

  Result<> open(const DnsSettings& wanted);
  void follow_the_system();
  void ask(const std::string& name);
  void take(const std::string& name, Family family, FamilyAnswer answer);
  void ask_what_is_due();
  void set_timer();
};

// A new channel; lookups that the old one had going are begun again.
Result<> Resolver::State::open(const DnsSettings& wanted) {
  const auto version = version_of_system_servers();
  auto opened = DnsChannel::open(loop, wanted.servers, bypass);
  if (!opened) {
    return opened.error();
  }
  channel = std::move(opened).value();
  settings = wanted;
  system_version = version;
  for (auto& [host, name] : names) {
    if (std::exchange(name.asking, false)) {
      ask(host);
    }
  }
  services.ask_again();
  return Ok{};
}

void Resolver::State::follow_the_system() {
  if (settings.servers.empty() && version_of_system_servers() != system_version) {
    log.info(std::string(system_servers) + " has changed: DNS goes to the servers it names now");
    if (auto opened = open(settings); !opened) {
      log.error(opened.error().text());
    }
  }
}

void Resolver::State::ask(const std::string& host) {
  auto& name = names.at(host);
  name.asking = true;
  name.four.reset();
  name.six.reset();
  for (const auto family : {Family::v4, Family::v6}) {
    channel->lookup(host, family, [this, host, family](FamilyAnswer answer) {
      take(host, family, std::move(answer));
    });
  }
}

void Resolver::State::take(const std::string& host, Family family, FamilyAnswer answer) {
  auto& name = names.at(host);
  (family == Family::v4 ? name.four : name.six) = std::move(answer);
  if (!name.four || !name.six) {
    return;
  }
  name.asking = false;
  const auto news = name.answers.answered(*name.four, *name.six, clock_now(),
                                          {settings.min_ttl, settings.max_ttl});
  for (const auto& held : name.servers) {
    if (const auto server = held.lock()) {
      server->status.resolved = name.answers.refreshed();
      if (news.publish) {
        server->publish(*news.publish);
      }
    }
  }
  for (const auto& line : news.infos) {
    log.info(line);
  }
  for (const auto& line : news.warnings) {
    log.warning(line);
  }
  set_timer();
}

void Resolver::State::ask_what_is_due() {
  follow_the_system();
  const auto now = clock_now();
  for (auto at = names.begin(); at != names.end();) {
    auto& name = at->second;
    if (name.asking || name.answers.due() > now) {
      ++at;
      continue;
    }
    std::erase_if(name.servers, [](const auto& server) { return server.expired(); });
    if (name.servers.empty()) {
      at = names.erase(at);
      continue;
    }
    ask(at->first);
    ++at;
  }
  set_timer();
}

void Resolver::State::set_timer() {
  std::optional<Instant> earliest;
  for (const auto& [host, name] : names) {
    if (!name.asking) {
      earliest = std::min(earliest.value_or(name.answers.due()), name.answers.due());
    }
  }
  if (earliest) {
    const auto wait = std::chrono::ceil<Milliseconds>(*earliest - clock_now());
    next.once(std::max(wait, Milliseconds(0)));
  } else {
    next.stop();
  }
}

Resolver::Resolver(std::unique_ptr<State> state) : state_(std::move(state)) {}
Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>> Resolver::make(Loop& loop, const DnsSettings& settings,
                                                 Mark bypass, Log& log) {
  auto state = std::make_unique<State>(loop, bypass, log);
  if (auto opened = state->open(settings); !opened) {
    return opened.error();
  }
  return std::unique_ptr<Resolver>(new Resolver(std::move(state)));
}

void Resolver::track(const std::shared_ptr<Server>& server) {
  if (!server->is_named()) {
    return;
  }
  const auto& host = server->identity().host;
  auto [at, is_new] = state_->names.try_emplace(host, host);
  auto& name = at->second;
  const bool known = std::any_of(name.servers.begin(), name.servers.end(),
                                 [&](const auto& held) { return held.lock() == server; });
  if (known) {
    return;
  }
  name.servers.push_back(server);
  if (name.answers.addresses().size() > 0) {
    server->publish(name.answers.addresses());
    server->status.resolved = name.answers.refreshed();
  }
  if (is_new) {
    state_->ask(host);
  } else {
    state_->set_timer();
  }
}

Resolver::Known Resolver::known() const {
  Known out;
  for (const auto& [host, name] : state_->names) {
    if (name.answers.addresses().size() > 0) {
      out.names.push_back(name.answers.known());
    }
  }
  out.services = state_->services.known();
  return out;
}

void Resolver::adopt(Known known) {
  for (KnownName& name : known.names) {
    const std::string host = name.name;
    state_->names.try_emplace(host, std::move(name));
  }
  state_->services.adopt(std::move(known.services));
}

void Resolver::track(const std::shared_ptr<Service>& service) { state_->services.track(service); }

void Resolver::on_services_changed(std::function<void()> changed) {
  state_->services.on_change = std::move(changed);
}

Result<> Resolver::reconfigure(const DnsSettings& settings) { return state_->open(settings); }

}  // namespace weir
