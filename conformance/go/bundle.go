package main

// Steps 1, 3 and 4: the file, the checkpoint, the tree. docs/reference/evidence.md sections 1 and 2.1.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type opened struct {
	entry  uint64
	leaves [][]byte
	names  []string
	values [][]byte
}

type bundle struct {
	agreement, origin string
	checkpoint        []byte
	openings          []opened
	entries           []byte
}

var (
	lengthForm = regexp.MustCompile(`\A(0|[1-9][0-9]{0,18})\z`)
	hexDigest  = regexp.MustCompile(`\Asha256:[0-9a-f]{64}\z`)
)

// readBundle is step 1; nil where the file is misspelt.
func readBundle(file []byte) *bundle {
	const magic = "brightline-bundle/v1\n"
	if !bytes.HasPrefix(file, []byte(magic)) {
		return nil
	}
	rest, parts := file[len(magic):], [4][]byte{}
	most := [4]uint64{4096, 1 << 20, 16 << 20, (1<<53 - 1) * 256}
	for i, name := range []string{"about", "checkpoint", "openings", "entries"} {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 || !bytes.HasPrefix(rest, []byte(name+" ")) || end <= len(name) {
			return nil
		}
		digits := string(rest[len(name)+1 : end])
		n, err := strconv.ParseUint(digits, 10, 64)
		rest = rest[end+1:]
		if !lengthForm.MatchString(digits) || err != nil || n > most[i] || n > uint64(len(rest)) {
			return nil
		}
		parts[i], rest = rest[:n], rest[n:]
	}
	b := &bundle{checkpoint: parts[1], entries: parts[3]}
	if len(rest) > 0 || !b.about(parts[0]) || !b.opened(parts[2]) {
		return nil
	}
	return b
}

func (b *bundle) about(data []byte) bool {
	v, err := parseJSON(data)
	o, ok := v.(object)
	if err != nil || !ok || len(o) != 4 {
		return false
	}
	said, fine := canonical(o)
	count, whole1 := whole(o["count"])
	first, whole2 := whole(o["first"])
	origin, _ := o["origin"].(string)
	digest, _ := o["agreement"].(string)
	for _, c := range origin {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	n := utf8.RuneCountInString(origin)
	b.agreement, b.origin = digest, origin
	return fine && said == string(data) && whole1 && whole2 && first == 0 && count >= 0 && n >= 1 && n <= 200 &&
		hexDigest.MatchString(digest) && count*256 == int64(len(b.entries))
}

func (b *bundle) opened(data []byte) (ok bool) {
	defer func() {
		if recover() != nil { // a slice past the end: it ends within an entry
			ok = false
		}
	}()
	take := func(n uint64) []byte { t := data[:n]; data = data[n:]; return t }
	for len(data) > 0 {
		o := opened{entry: binary.BigEndian.Uint64(take(8))}
		n := binary.BigEndian.Uint16(take(2))
		if n == 0 || n > 1024 || o.entry >= uint64(len(b.entries)/256) ||
			(len(b.openings) > 0 && o.entry <= b.openings[len(b.openings)-1].entry) {
			return false
		}
		seen := map[string]bool{}
		for ; n > 0; n-- {
			mark := take(1)[0]
			if mark == 0 {
				o.leaves = append(o.leaves, take(32))
				continue
			}
			if mark != 1 {
				return false
			}
			salt := take(16)
			length := take(2)
			name := take(uint64(binary.BigEndian.Uint16(length)))
			value := take(uint64(binary.BigEndian.Uint32(take(4))))
			for _, c := range name {
				if c < 0x21 || c > 0x7e {
					return false
				}
			}
			if len(name) < 1 || len(name) > 255 || seen[string(name)] {
				return false
			}
			seen[string(name)] = true
			leaf := sha256.Sum256(bytes.Join([][]byte{{0}, salt, length, name, value}, nil))
			o.leaves, o.names, o.values = append(o.leaves, leaf[:]), append(o.names, string(name)), append(o.values, value)
		}
		if len(seen) == 0 {
			return false
		}
		b.openings = append(b.openings, o)
	}
	return true
}

type line struct {
	name      string
	id        string
	signature []byte
}

type checkpoint struct {
	text   string
	origin string
	size   uint64
	root   []byte
	lines  []line
}

func strict64(s string) ([]byte, bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	return raw, err == nil && base64.StdEncoding.EncodeToString(raw) == s
}

// readNote reads a checkpoint's note; nil where it is malformed. It verifies nothing.
func readNote(data []byte) *checkpoint {
	if len(data) > 1<<20 || !utf8.Valid(data) {
		return nil
	}
	for _, c := range data {
		if c < 0x20 && c != '\n' {
			return nil
		}
	}
	s := string(data)
	cut := strings.LastIndex(s, "\n\n")
	if cut < 0 || !strings.HasSuffix(s[cut+2:], "\n") {
		return nil
	}
	c := &checkpoint{text: s[:cut+1]}
	rows := strings.Split(strings.TrimSuffix(s[cut+2:], "\n"), "\n")
	if len(rows) > 64 {
		return nil
	}
	for _, row := range rows {
		parts := strings.SplitN(strings.TrimPrefix(row, "— "), " ", 2)
		if !strings.HasPrefix(row, "— ") || len(parts) != 2 || parts[0] == "" || strings.Contains(parts[0], "+") ||
			strings.IndexFunc(parts[0], unicode.IsSpace) >= 0 {
			return nil
		}
		raw, ok := strict64(parts[1])
		if !ok || len(raw) < 5 {
			return nil
		}
		c.lines = append(c.lines, line{parts[0], string(raw[:4]), raw[4:]})
	}
	three := strings.Split(c.text, "\n")
	if len(three) != 4 || three[3] != "" || three[0] == "" || !lengthForm.MatchString(three[1]) {
		return nil
	}
	size, err := strconv.ParseUint(three[1], 10, 64)
	root, ok := strict64(three[2])
	if err != nil || size > 1<<63-1 || !ok || len(root) != 32 {
		return nil
	}
	c.origin, c.size, c.root = three[0], size, root
	return c
}

// signedBy: the key signed it, and no line of this key is false.
func (c *checkpoint) signedBy(k key) bool {
	good := 0
	for _, l := range c.lines {
		if l.name == k.name && l.id == string(k.id(1)) {
			if !k.signed([]byte(c.text), l.signature) {
				return false
			}
			good++
		}
	}
	return good > 0
}

// cosigned: whether the witness cosigned, and whether none of its lines is false.
func (c *checkpoint) cosigned(k key) (found, fine bool) {
	for _, l := range c.lines {
		if l.name != k.name || l.id != string(k.id(4)) {
			continue
		}
		if len(l.signature) != 72 {
			return false, false
		}
		at := binary.BigEndian.Uint64(l.signature)
		message := "cosignature/v1\ntime " + strconv.FormatUint(at, 10) + "\n" + c.text
		if at > 1<<63-1 || !k.signed([]byte(message), l.signature[8:]) {
			return false, false
		}
		found = true
	}
	return found, true
}

// root is the RFC 6962 root of the first n entries.
func root(entries []byte, n uint64) []byte {
	if n == 0 {
		sum := sha256.Sum256(nil)
		return sum[:]
	}
	level := make([][]byte, n)
	for i := range level {
		sum := sha256.Sum256(append([]byte{0}, entries[i*256:(i+1)*256]...))
		level[i] = sum[:]
	}
	for len(level) > 1 {
		next := level[:0:0]
		for i := 0; i+1 < len(level); i += 2 {
			sum := sha256.Sum256(append(append([]byte{1}, level[i]...), level[i+1]...))
			next = append(next, sum[:])
		}
		if len(level)%2 == 1 {
			next = append(next, level[len(level)-1])
		}
		level = next
	}
	return level[0]
}
