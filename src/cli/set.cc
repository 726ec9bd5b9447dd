#include "cli/set.h"

#include <cstdio>
#include <string_view>
#include <utility>
#include <variant>

#include "base/escape.h"
#include "base/text.h"
#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/live_text.h"
#include "cli/print_error.h"
#include "cli/set_text.h"
#include "sets/item.h"

namespace weir {
namespace {

// The gateway takes bodies of 64 KiB.
constexpr std::size_t fullest_body = 48'000;

// The answer to one request; nothing: what was wrong with it is said, and `status` is the exit's.
Result<std::string> ask(const std::string& socket, std::string_view method,
                        const std::string& target, const std::string& body, bool json,
                        int& status) {
  const auto answer = ask_gateway(socket, method, target, body);
  if (!answer) {
    status = failed;
    print_error("weir: " + answer.error().text());
    return answer.error();
  }
  const auto& [code, text] = answer.value();
  if (code == 200) {
    return text;
  }
  status = code == 400 ? bad_usage : failed;
  if (json) {
    (void)std::fputs(text.c_str(), stdout);
  } else {
    for (const auto& error : errors_in(text, code)) {
      print_error("weir: " + error);
    }
  }
  return Error("refused");
}

int print(const Result<std::string>& text) {
  if (!text) {
    print_error("weir: " + text.error().text());
    return failed;
  }
  return std::fputs(text.value().c_str(), stdout) >= 0 ? 0 : failed;
}

// All that can be found out before anything is done.
bool are_readable(const std::vector<std::string>& items) {
  bool good = true;
  for (const std::string& text : items) {
    const auto item = parse_item(trimmed(text));
    if (!item) {
      print_error("weir: " + item.error().text());
      good = false;
    } else if (std::holds_alternative<Name>(item.value())) {
      print_error("weir: " + quoted(text) +
                  " is taken for a domain name, which matches no address yet; a device is "
                  "'client = name:NAME' in a rule");
    }
  }
  return good;
}

}  // namespace

int run_sets(const LiveArguments& arguments) {
  const auto socket = control_socket(arguments);
  if (!socket) {
    print_error("weir: " + socket.error().text());
    return bad_usage;
  }
  int status = 0;
  const auto answer = ask(socket.value(), "GET", "/v1/sets", {}, arguments.json, status);
  return answer ? print(arguments.json ? answer : sets_text(answer.value())) : status;
}

std::vector<std::string> set_bodies(const SetArguments& arguments) {
  std::vector<std::string> out;
  std::string end = "]";
  if (!arguments.duration.empty()) {
    end += R"(,"for":)";
    append_json_string(end, arguments.duration);
  }
  end += arguments.force ? R"(,"force":true})" : "}";
  const std::string begin = "{\"" + arguments.action + "\":[";
  std::string body;
  for (const std::string& item : arguments.items) {
    if (!body.empty() && body.size() + item.size() > fullest_body) {
      out.push_back(std::move(body += end));
      body.clear();
    }
    body += body.empty() ? std::string_view(begin) : ",";
    append_json_string(body, item);
  }
  out.push_back(std::move(body += end));
  return out;
}

int run_set(const SetArguments& arguments) {
  const auto socket = control_socket(arguments.live);
  if (!socket) {
    print_error("weir: " + socket.error().text());
    return bad_usage;
  }
  if (!are_readable(arguments.items)) {
    return bad_usage;
  }
  const std::string target = "/v1/sets/" + percent_encoded(arguments.set);
  std::string last;
  for (const std::string& body : set_bodies(arguments)) {
    int status = 0;
    auto answer = ask(socket.value(), "PATCH", target, body, arguments.live.json, status);
    if (!answer) {
      if (!last.empty()) {
        print_error("weir: the items before these were taken: 'weir sets' shows them");
      }
      return status;
    }
    last = std::move(answer).value();
  }
  const int printed = print(arguments.live.json ? Result<std::string>(last) : set_text(last));
  if (const std::string trouble = set_trouble(last); !trouble.empty()) {
    print_error("weir: the gateway tries again: " + trouble);
    return failed;
  }
  return printed;
}

}  // namespace weir
