// SPDX-License-Identifier: Apache-2.0
#include "golden/data/http.h"

#include <curl/curl.h>

#include <array>
#include <exception>
#include <memory>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// What libcurl's callbacks share. An exception must not pass through libcurl: it waits here.
struct Transfer {
  std::string body;
  std::uint64_t limit = 0;
  const DownloadProgress& progress;
  std::exception_ptr thrown;
};

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* context) {
  auto* transfer = static_cast<Transfer*>(context);
  try {
    if (count > transfer->limit - transfer->body.size())
      tool_error("the server sends more than the {} bytes expected", transfer->limit);
    transfer->body.append(bytes, count);
    return count;
  } catch (...) {
    transfer->thrown = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

int on_progress(void* context, curl_off_t, curl_off_t done, curl_off_t, curl_off_t) {
  auto* transfer = static_cast<Transfer*>(context);
  try {
    if (transfer->progress) transfer->progress(static_cast<std::uint64_t>(done), transfer->limit);
    return 0;
  } catch (...) {
    transfer->thrown = std::current_exception();
    return 1;
  }
}

using CurlHandle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

void configure(CURL* curl, const std::string& url, Transfer& transfer, char* error) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

}  // namespace

std::string https_get(const std::string& url, std::uint64_t limit,
                      const DownloadProgress& progress) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) tool_error("libcurl cannot start: {}", curl_easy_strerror(started));
  const CurlHandle curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) tool_error("libcurl cannot start");
  std::array<char, CURL_ERROR_SIZE> error{};
  Transfer transfer{{}, limit, progress, nullptr};
  configure(curl.get(), url, transfer, error.data());
  const CURLcode result = curl_easy_perform(curl.get());
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  if (result != CURLE_OK)
    tool_error(
        "cannot download '{}': {}; check the network, or fetch the file elsewhere and give "
        "its path instead",
        printable(url), error[0] != '\0' ? error.data() : curl_easy_strerror(result));
  return std::move(transfer.body);
}

}  // namespace assay
