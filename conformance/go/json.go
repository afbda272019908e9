package main

// Strict JSON, and canonical JSON (RFC 8785 without floats): docs/reference/agreement.md section 2.

import (
	"errors"
	"math/big"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var errJSON = errors.New("not JSON")

// number is a JSON number as it was written; whole numbers alone can be canonical.
type number string
type object map[string]any

type jsonReader struct {
	s  string
	at int
}

// parseJSON reads one document: no member twice, no lone surrogates, at most 64 levels.
func parseJSON(data []byte) (v any, err error) {
	if !utf8.Valid(data) {
		return nil, errJSON
	}
	defer func() {
		if recover() != nil {
			v, err = nil, errJSON
		}
	}()
	r := &jsonReader{s: string(data)}
	v = r.value(0)
	r.space()
	if r.at != len(r.s) {
		return nil, errJSON
	}
	return v, nil
}

func (r *jsonReader) space() {
	for r.at < len(r.s) && strings.IndexByte(" \t\r\n", r.s[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) word(w string) bool {
	if strings.HasPrefix(r.s[r.at:], w) {
		r.at += len(w)
		return true
	}
	return false
}

func (r *jsonReader) must(w string) {
	if !r.word(w) {
		panic(errJSON)
	}
}

func (r *jsonReader) value(depth int) any {
	if depth > 64 {
		panic(errJSON)
	}
	r.space()
	switch {
	case r.word("{"):
		out := object{}
		for r.space(); !r.word("}"); r.space() {
			if len(out) > 0 {
				r.must(",")
				r.space()
			}
			k := r.text()
			r.space()
			r.must(":")
			if _, twice := out[k]; twice {
				panic(errJSON)
			}
			out[k] = r.value(depth + 1)
		}
		return out
	case r.word("["):
		out := []any{}
		for r.space(); !r.word("]"); r.space() {
			if len(out) > 0 {
				r.must(",")
			}
			out = append(out, r.value(depth+1))
		}
		return out
	case r.s[r.at] == '"':
		return r.text()
	case r.word("true"):
		return true
	case r.word("false"):
		return false
	case r.word("null"):
		return nil
	}
	return r.number()
}

func (r *jsonReader) digits() {
	from := r.at
	for r.at < len(r.s) && r.s[r.at] >= '0' && r.s[r.at] <= '9' {
		r.at++
	}
	if from == r.at {
		panic(errJSON)
	}
}

func (r *jsonReader) number() any {
	from := r.at
	r.word("-")
	if !r.word("0") {
		r.digits()
	}
	if r.word(".") {
		r.digits()
	}
	if r.word("e") || r.word("E") {
		if !r.word("+") {
			r.word("-")
		}
		r.digits()
	}
	return number(r.s[from:r.at])
}

func (r *jsonReader) text() string {
	r.must(`"`)
	var out strings.Builder
	for {
		c := r.s[r.at]
		r.at++
		switch {
		case c == '"':
			return out.String()
		case c < 0x20:
			panic(errJSON)
		case c != '\\':
			out.WriteByte(c)
		default:
			e := r.s[r.at]
			r.at++
			if i := strings.IndexByte(`"\/bfnrt`, e); i >= 0 {
				out.WriteByte("\"\\/\b\f\n\r\t"[i])
				continue
			}
			if e != 'u' {
				panic(errJSON)
			}
			one := r.hex()
			if utf16.IsSurrogate(one) {
				r.must(`\u`)
				if one = utf16.DecodeRune(one, r.hex()); one == utf8.RuneError {
					panic(errJSON)
				}
			}
			out.WriteRune(one)
		}
	}
}

func (r *jsonReader) hex() rune {
	n, err := strconv.ParseUint(r.s[r.at:r.at+4], 16, 16)
	if err != nil {
		panic(errJSON)
	}
	r.at += 4
	return rune(n)
}

var maxSafe = big.NewInt(1<<53 - 1)

// whole is the number that a canonical whole number says.
func whole(v any) (int64, bool) {
	n, ok := v.(number)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(string(n), 10, 64)
	if err != nil || strconv.FormatInt(i, 10) != string(n) || i > maxSafe.Int64() || -i > maxSafe.Int64() {
		return 0, false
	}
	return i, true
}

// canonical is the one text of a value; it fails on floats and numbers past 2^53 - 1.
func canonical(v any) (string, bool) {
	var out strings.Builder
	ok := write(&out, v)
	return out.String(), ok
}

func write(out *strings.Builder, v any) bool {
	switch v := v.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		out.WriteString(strconv.FormatBool(v))
	case number:
		if _, ok := whole(v); !ok {
			return false
		}
		out.WriteString(string(v))
	case string:
		quote(out, v)
	case []any:
		out.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			if !write(out, item) {
				return false
			}
		}
		out.WriteByte(']')
	case object:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Slice(names, func(i, j int) bool { return before(names[i], names[j]) })
		out.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				out.WriteByte(',')
			}
			quote(out, name)
			out.WriteByte(':')
			if !write(out, v[name]) {
				return false
			}
		}
		out.WriteByte('}')
	}
	return true
}

// before orders member names by their UTF-16 code units.
func before(a, b string) bool {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return len(x) < len(y)
}

func quote(out *strings.Builder, s string) {
	out.WriteByte('"')
	for _, c := range s {
		if i := strings.IndexRune("\"\\\b\f\n\r\t", c); i >= 0 {
			out.WriteByte('\\')
			out.WriteByte(`"\bfnrt`[i])
		} else if c < 0x20 {
			out.WriteString(`\u00` + strconv.FormatInt(int64(c)+0x100, 16)[1:])
		} else {
			out.WriteRune(c)
		}
	}
	out.WriteByte('"')
}
