"""A proxy that opens TLS with certificates of its own, as companies have them: it answers for AWS.

Arguments: the folder with `leaf.pem` and `leaf.key`. Prints its port, and then a line for each request that it could read.
"""
import re
import socket
import ssl
import sys
import threading

WHO = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::999999999999:user/x</Arn><UserId>x</UserId><Account>999999999999</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


def head(stream):
    lines = []
    while line := stream.readline().strip():
        lines.append(line.decode())
    return lines


def serve(client):
    connect = head(client.makefile("rb", buffering=0))[0]
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with CONTEXT.wrap_socket(client, server_side=True) as opened:
        stream = opened.makefile("rb")
        lines = head(stream)
        length = [re.match(r"content-length: (\d+)", line, re.I) for line in lines]
        stream.read(sum(int(found[1]) for found in length if found))
        opened.sendall(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
            % len(WHO)
            + WHO
        )
        print(connect, "then", lines[0], flush=True)


def attempt(client):
    try:
        serve(client)
    except (OSError, IndexError):
        # Whoever does not trust the certificate hangs up.
        client.close()


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(f"{sys.argv[1]}/leaf.pem", f"{sys.argv[1]}/leaf.key")
LISTENER = socket.create_server(("127.0.0.1", 0))
print(LISTENER.getsockname()[1], flush=True)
while True:
    threading.Thread(target=attempt, args=(LISTENER.accept()[0],), daemon=True).start()
