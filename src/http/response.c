#include "http/response.h"

/* Where a header belongs: its place where it is already set, or before the first that follows it in the alphabet. */
static unsigned find_header(const struct http_response *response, const char *name, bool *is_there)
{
    unsigned at = 0;
    while (at < response->nheaders && strcmp(response->headers[at].name, name) < 0)
        at++;
    *is_there = at < response->nheaders && strcmp(response->headers[at].name, name) == 0;
    return at;
}

void http_response_set(struct http_response *response, const char *name, struct str value)
{
    bool is_there;
    unsigned at = find_header(response, name, &is_there);
    struct http_header *header = &response->headers[at];
    if (is_there && value.n == 0)
        memmove(header, header + 1, (--response->nheaders - at) * sizeof *header);
    if (value.n == 0 || (!is_there && response->nheaders == http_headers_most))
        return;
    if (!is_there)
        memmove(header + 1, header, (response->nheaders++ - at) * sizeof *header);
    *header = (struct http_header){name, value};
}

const char *http_status_text(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 307:
        return "Temporary Redirect";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Request Entity Too Large";
    case 417:
        return "Expectation Failed";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "";
    }
}

struct date {
    int year;
    unsigned month, day, weekday; /* from 0 but for the day */
};

/* The Gregorian date of a day since the epoch, counted in years that begin in March so that the leap day comes last.
 * The C library's functions for this take locks and read files, which a guest must not. */
static struct date date_of(int64_t days)
{
    int64_t since = days + 719468; /* days since 1 March of year 0 */
    int64_t era = (since >= 0 ? since : since - 146096) / 146097;
    int64_t of_era = since - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* from March */
    struct date date = {.year = (int)(year + era * 400), .weekday = (unsigned)(((days + 4) % 7 + 7) % 7)};
    date.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
    date.month = (unsigned)((month + 2) % 12);
    date.year += date.month < 2;
    return date;
}

static void put_date(struct buf *out, int64_t now)
{
    static const char weekdays[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t days = (now >= 0 ? now : now - 86399) / 86400, second = now - days * 86400;
    struct date date = date_of(days);
    buf_printf(out, "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT", weekdays + 3 * date.weekday, date.day,
               months + 3 * date.month, date.year, (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
}

static void put_header(struct buf *out, const char *name, struct str value)
{
    buf_str(out, str_of(name));
    buf_str(out, STR(": "));
    buf_str(out, value);
    buf_str(out, STR("\r\n"));
}

void http_response_write_head(struct buf *out, const struct http_response *response, const struct http_request *request,
                              int64_t now, uint64_t body_size)
{
    buf_printf(out, "HTTP/1.%u %u %s\r\n", request->minor > 0, response->status, http_status_text(response->status));
    for (unsigned i = 0; i < response->nheaders; i++)
        put_header(out, response->headers[i].name, response->headers[i].value);
    buf_str(out, STR("Date: "));
    put_date(out, now);
    buf_str(out, STR("\r\nContent-Length: "));
    buf_uint(out, body_size);
    buf_str(out, STR("\r\n"));
    if (!request->keep_alive && request->minor > 0)
        put_header(out, "Connection", STR("close"));
    if (request->keep_alive && request->minor == 0)
        put_header(out, "Connection", STR("keep-alive"));
    buf_str(out, STR("\r\n"));
}

void http_refusal_write(struct buf *out, const struct http_refusal *refusal)
{
    const char *text = http_status_text(refusal->status);
    const char *colon = refusal->detail ? ": " : "", *detail = refusal->detail ? refusal->detail : "";
    buf_printf(out, "HTTP/1.1 %u %s%s%s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n",
               refusal->status, text, colon, detail);
    if (refusal->body)
        buf_str(out, str_of(refusal->body));
    else
        buf_printf(out, "%u %s%s%s", refusal->status, text, colon, detail);
}

void http_put_html(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '&':
            buf_str(out, STR("&amp;"));
            break;
        case '<':
            buf_str(out, STR("&lt;"));
            break;
        case '>':
            buf_str(out, STR("&gt;"));
            break;
        case '"':
            buf_str(out, STR("&#34;"));
            break;
        case '\'':
            buf_str(out, STR("&#39;"));
            break;
        default:
            buf_byte(out, text.p[i]);
        }
    }
}
