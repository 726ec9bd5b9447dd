#include "doctor/lookups.h"

#include "dns/channel.h"
#include "loop/loop.h"

namespace weir::doctor {

namespace {

constexpr Milliseconds lookup_timeout{5'000};

}  // namespace

std::map<std::string, NameLookup> look_up(const std::set<std::string>& names,
                                          std::span<const Endpoint> name_servers, Mark bypass) {
  std::map<std::string, NameLookup> found;
  Loop loop;
  auto channel = DnsChannel::open(loop, name_servers, bypass);
  std::size_t outstanding = 2 * names.size();
  bool running = false;
  for (const std::string& name : names) {
    NameLookup& lookup = found[name];
    lookup.error = channel ? "no answer" : channel.error().text();
    if (!channel) {
      continue;
    }
    for (const Family family : {Family::v4, Family::v6}) {
      channel.value()->lookup(name, family, [&](const FamilyAnswer& answer) {
        lookup.addresses.insert(lookup.addresses.end(), answer.addresses.begin(),
                                answer.addresses.end());
        if (!answer.error.empty()) {
          lookup.error = answer.error;
        }
        // Some answers come at once, before the loop runs: what the hosts file knows.
        if (--outstanding == 0 && running) {
          loop.stop();
        }
      });
    }
  }
  if (channel && outstanding > 0) {
    Timer timer(loop, [&]() { loop.stop(); });
    timer.once(lookup_timeout);
    running = true;
    loop.run();
  }
  return found;
}

std::set<std::string> names_in(const Subject& subject) {
  std::set<std::string> names;
  for (const UsedUpstream& used : subject.upstreams) {
    for (const auto& server : used.upstream->servers()) {
      if (server->is_named()) {
        names.insert(server->identity().host);
      }
    }
  }
  return names;
}

}  // namespace weir::doctor
