#include "cli/control_client.h"

#include <curl/curl.h>

#include <cctype>
#include <cerrno>
#include <memory>

namespace weir {
namespace {

// A reload may install firewall rules; nothing else takes more than a moment.
constexpr long connect_ms = 5'000;
constexpr long answer_ms = 90'000;

std::size_t append_body(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

// NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): that is how curl takes its options
void set_options(CURL* curl, const std::string& socket, const std::string& method,
                 const std::string& url, std::string& body) {
  curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // whatever the environment says
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, answer_ms);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  if (method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
  } else if (method != "GET") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}
// NOLINTEND(cppcoreguidelines-pro-type-vararg)

Error trouble(CURLcode code, CURL* curl, const std::string& socket) {
  if (code != CURLE_COULDNT_CONNECT) {
    return Error("the gateway on " + socket + " did not answer: " + curl_easy_strerror(code));
  }
  long why = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &why);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  if (why == EACCES) {
    return Error("no permission to use " + socket);
  }
  return Error("no gateway answers on " + socket);
}

}  // namespace

Result<GatewayAnswer> ask_gateway(const std::string& socket, std::string_view method,
                                  const std::string& target, const std::string& body) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  if (!curl) {
    return Error("cannot start libcurl");
  }
  GatewayAnswer answer;
  if (!body.empty()) {  // curl does not copy it
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  }
  set_options(curl.get(), socket, std::string(method), "http://weir" + target, answer.body);
  if (const auto code = curl_easy_perform(curl.get()); code != CURLE_OK) {
    return trouble(code, curl.get(), socket);
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg)
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~')) {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 0xfU];
    }
  }
  return out;
}

}  // namespace weir
