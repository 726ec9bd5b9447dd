// weir's port lies where the kernel picks the ports of outgoing connections. While weir is away one
// of these can take it, and weir then cannot start until that connection ends. Reserving it costs
// nothing.
#include <fstream>
#include <sstream>

#include "doctor/checks.h"
#include "doctor/proc.h"

namespace weir::doctor {

namespace {

constexpr const char* reserved = "/proc/sys/net/ipv4/ip_local_reserved_ports";

// "8080,50000-50100"
bool lists(const std::string& ports, long port) {
  std::istringstream parts(ports);
  for (std::string one; std::getline(parts, one, ',');) {
    std::istringstream range(one);
    long first = 0;
    long last = 0;
    char dash = 0;
    if (!(range >> first)) {
      continue;
    }
    last = range >> dash >> last ? last : first;
    if (first <= port && port <= last) {
      return true;
    }
  }
  return false;
}

}  // namespace

Findings examine_reserved_port(const Subject& subject) {
  const long port = subject.configuration.gateway.port;
  const std::string number = std::to_string(port);
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  long first = 0;
  long last = 0;
  if (!(range >> first >> last) || port < first || port > last) {
    return {{"reserved-port", Level::ok, "no outgoing connection can take port " + number, ""}};
  }
  std::ifstream in(reserved);
  std::string ports;
  std::getline(in, ports);
  if (lists(ports, port)) {
    return {{"reserved-port", Level::ok, "net.ipv4.ip_local_reserved_ports keeps " + number, ""}};
  }
  return {{"reserved-port", Level::ok,
           "an outgoing connection can take port " + number +
               " while weir is away; to keep it (/etc/sysctl.d):",
           "sysctl -w net.ipv4.ip_local_reserved_ports=" + (ports.empty() ? "" : ports + ",") +
               number}};
}

}  // namespace weir::doctor
