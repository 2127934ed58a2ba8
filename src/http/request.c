#include "http/request.h"

#include <strings.h>

#include "http/query.h"

/* What the headers said, while they are being read. */
struct headers {
    unsigned hosts, lengths, encodings;
    bool close, keep_alive;
};

static const struct http_refusal bad_request = {400, NULL, NULL};

static bool is_token_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_byte(s.p[i]))
            return false;
    return s.n > 0;
}

/* Go tells only this kind of a wrong header name. */
static bool is_token_with_blanks(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_byte(s.p[i]) && s.p[i] != ' ')
            return false;
    return s.n > 0 && s.p[0] != ' ';
}

static bool equal_fold(struct str s, const char *lower)
{
    return s.n == strlen(lower) && strncasecmp(s.p, lower, s.n) == 0;
}

static struct str trim(struct str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_skip(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* Takes what stands before the next separator off the front of *rest. */
static struct str cut(struct str *rest, char separator)
{
    size_t at = str_find(*rest, (struct str){&separator, 1}, 0);
    struct str first = str_first(*rest, at);
    *rest = str_skip(*rest, at + 1);
    return first;
}

static bool has_control_byte(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

/* The length of "scheme://authority" at the front of an absolute target; 0 where there is none. */
static size_t authority_length(struct str target)
{
    size_t colon = str_find(target, STR("://"), 0);
    if (colon == 0 || colon == target.n)
        return 0;
    for (size_t i = 0; i < colon; i++) {
        char lower = (char)(target.p[i] | 0x20);
        bool letter = lower >= 'a' && lower <= 'z';
        if (!letter && (i == 0 || !strchr("0123456789+-.", target.p[i])))
            return 0;
    }
    size_t at = colon + 3;
    while (at < target.n && target.p[at] != '/' && target.p[at] != '?')
        at++;
    return at;
}

bool http_target_split(struct str target, struct str *path, struct str *query)
{
    if (target.n == 0 || has_control_byte(target))
        return false;
    struct str rest = target;
    if (target.p[0] != '/' && !str_equal(target, STR("*"))) {
        size_t length = authority_length(target);
        if (length == 0)
            return false;
        rest = str_skip(target, length);
    }
    struct str before = cut(&rest, '?');
    if (before.n == 0)
        before = STR("/");
    if (!http_escapes_are_valid(before))
        return false;
    *path = before;
    *query = rest;
    return true;
}

static bool refuse(struct http_refusal *refusal, unsigned status, const char *detail, const char *body)
{
    *refusal = (struct http_refusal){status, detail, body};
    return false;
}

/* "HTTP/1.1": the version's two digits. */
static bool read_version(struct str s, struct http_request *request, struct http_refusal *refusal)
{
    if (s.n != 8 || !str_starts_with(s, STR("HTTP/")) || s.p[6] != '.' || s.p[5] < '0' || s.p[5] > '9' ||
        s.p[7] < '0' || s.p[7] > '9')
        return false;
    if (s.p[5] != '1')
        return refuse(refusal, 505, "unsupported protocol version", NULL);
    request->minor = (unsigned)(s.p[7] - '0');
    return true;
}

static bool read_request_line(struct str line, struct http_request *request, struct http_refusal *refusal)
{
    request->method = cut(&line, ' ');
    request->target = cut(&line, ' ');
    return is_token(request->method) && read_version(line, request, refusal) &&
           http_target_split(request->target, &request->path, &request->query);
}

static void read_connection(struct str value, struct headers *headers)
{
    while (value.n > 0) {
        struct str token = trim(cut(&value, ','));
        headers->close |= equal_fold(token, "close");
        headers->keep_alive |= equal_fold(token, "keep-alive");
    }
}

static bool read_content_length(struct str value, struct headers *headers, struct http_request *request)
{
    uint64_t size = 0;
    if (value.n == 0 || value.n > 18)
        return false;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        size = size * 10 + (uint64_t)(value.p[i] - '0');
    }
    if (headers->lengths++ > 0 && size != request->body_size)
        return false;
    request->body_size = size;
    return true;
}

static bool read_transfer_encoding(struct str value, struct headers *headers, struct http_request *request,
                                   struct http_refusal *refusal)
{
    if (headers->encodings++ > 0 || !equal_fold(value, "chunked"))
        return refuse(refusal, 501, NULL, "Unsupported transfer encoding");
    request->chunked = true;
    return true;
}

static bool read_header(struct str line, struct headers *headers, struct http_request *request,
                        struct http_refusal *refusal)
{
    if (str_find(line, STR(":"), 0) == line.n)
        return false;
    struct str name = cut(&line, ':'), value = trim(line);
    if (!is_token(name))
        return is_token_with_blanks(name) ? refuse(refusal, 400, "invalid header name", NULL) : false;
    for (size_t i = 0; i < value.n; i++)
        if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
            return false;
    if (equal_fold(name, "host"))
        headers->hosts++;
    else if (equal_fold(name, "connection"))
        read_connection(value, headers);
    else if (equal_fold(name, "content-length"))
        return read_content_length(value, headers, request);
    else if (equal_fold(name, "transfer-encoding"))
        return read_transfer_encoding(value, headers, request, refusal);
    else if (equal_fold(name, "expect")) {
        request->expects_continue |= equal_fold(value, "100-continue");
        request->expects_other |= value.n > 0 && !equal_fold(value, "100-continue");
    }
    return true;
}

/* Takes a line off the front of the head, without its end ("\r\n", or "\n" alone). */
static struct str next_line(struct str *head)
{
    struct str line = cut(head, '\n');
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* What can be said only when all headers are known. */
static bool conclude(const struct headers *headers, struct http_request *request, struct http_refusal *refusal)
{
    if (headers->hosts == 0 && request->minor >= 1)
        return refuse(refusal, 400, "missing required Host header", NULL);
    if (headers->hosts > 1 || (headers->lengths > 0 && headers->encodings > 0))
        return false;
    if (request->chunked && request->minor == 0)
        return false;
    request->keep_alive = !headers->close && (request->minor >= 1 || headers->keep_alive);
    return true;
}

static bool read_head(struct str head, struct http_request *request, struct http_refusal *refusal)
{
    struct headers headers = {0};
    if (!read_request_line(next_line(&head), request, refusal))
        return false;
    for (struct str line; (line = next_line(&head)).n > 0;)
        if (!read_header(line, &headers, request, refusal))
            return false;
    return conclude(&headers, request, refusal);
}

/* The length of the head, its empty line included, or 0 while that has not come. *scanned is where the line begins that
 * is to be looked at next. */
static size_t find_head(const char *bytes, size_t size, size_t *scanned)
{
    for (const char *end; *scanned < size && (end = memchr(bytes + *scanned, '\n', size - *scanned));) {
        size_t begin = *scanned, after = (size_t)(end - bytes) + 1;
        if (after - begin == 1 || (after - begin == 2 && bytes[begin] == '\r'))
            return after;
        *scanned = after;
    }
    return 0;
}

enum http_parse http_request_parse(const char *bytes, size_t size, size_t *scanned, struct http_request *request,
                                   struct http_refusal *refusal)
{
    size_t head = find_head(bytes, size < http_head_most ? size : http_head_most, scanned);
    if (head == 0 && size < http_head_most)
        return http_parse_more;
    if (head == 0) {
        refuse(refusal, 431, NULL, NULL);
        return http_parse_refused;
    }
    struct http_request read = {.head_size = head};
    *refusal = bad_request;
    if (!read_head((struct str){bytes, head}, &read, refusal))
        return http_parse_refused;
    *request = read;
    return http_parse_done;
}
